#!/usr/bin/python3
"""Play the broker for the web program: PROGRAM.

What comes in on standard input goes to the program, what it says goes out.
When standard input ends, the program's socket is closed. The last line is
"ended STATUS", or "ended late" if it is still there five seconds later.
"""
import os
import select
import socket
import subprocess
import sys

ours, theirs = socket.socketpair()
child = subprocess.Popen([sys.argv[1]], stdin=theirs, start_new_session=True)
theirs.close()
print(f"pid={child.pid}", flush=True)
open_ends = [0, ours]
while open_ends:
    for end in select.select(open_ends, [], [])[0]:
        data = os.read(0, 65536) if end == 0 else ours.recv(65536)
        if not data:
            open_ends = []
        elif end == 0:
            ours.sendall(data)
        else:
            sys.stdout.write(data.decode())
            sys.stdout.flush()
ours.close()
try:
    print("ended", child.wait(5), flush=True)
except subprocess.TimeoutExpired:
    child.kill()
    print("ended late", flush=True)
