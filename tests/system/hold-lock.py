#!/usr/bin/python3
"""Holds the lock FILE, a lock of the open file description, till it is killed.

hold-lock.py FILE           prints "held" once it has it; 1 if it is taken
hold-lock.py --wait FILE    waits until it is free, and ends
"""
import fcntl
import os
import signal
import struct
import sys

waits = sys.argv[1] == "--wait"
fd = os.open(sys.argv[-1], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
# struct flock: type, whence, start, length, pid
lock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
try:
    fcntl.fcntl(fd, fcntl.F_OFD_SETLKW if waits else fcntl.F_OFD_SETLK, lock)
except BlockingIOError:
    sys.exit(1)
if not waits:
    print("held", flush=True)
    signal.pause()
