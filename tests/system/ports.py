#!/usr/bin/python3
"""Odd ports of this machine, for the tests of trouble on the way.

    ports.py KIND FILE
        opens a port of 127.0.0.1 that the kernel chooses, writes its number
        to FILE, and keeps it until it is killed
    ports.py nameserver COMMAND...
        in a network namespace of its own: runs the command where a name
        server never answers

closed  nobody listens there, and nobody else can
full    the queue is full: a connection is neither taken nor refused
silent  takes connections and never says a word
proxy   refuses what it is asked, and keeps each request's head in FILE.log
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time


def bound():
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    return port


def announce(port, name):
    with open(name + ".new", "w") as out:
        out.write("%d\n" % port.getsockname()[1])
    os.rename(name + ".new", name)


def fill(port):
    """Connects until one connection is not taken; keeps them all."""
    taken = []
    while True:
        client = socket.socket()
        client.settimeout(0.3)
        taken.append(client)
        try:
            client.connect(port.getsockname())
        except OSError:
            return taken


def head_of(client):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(65536)
        if not more:
            break
        head += more
    return head


def refuse_all(port, log):
    while True:
        client = port.accept()[0]
        client.settimeout(10)
        try:
            with open(log, "ab") as out:
                out.write(head_of(client))
            client.sendall(b"HTTP/1.1 403 Forbidden\r\n"
                           b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            pass
        client.close()


def keep(kind, name):
    port = bound()
    kept = None
    if kind == "full":
        port.listen(0)
        kept = fill(port)
    elif kind != "closed":
        port.listen(16)
    announce(port, name)
    if kind == "proxy":
        refuse_all(port, name + ".log")
    while kind == "silent":
        kept = (kept, port.accept())
    while True:
        time.sleep(3600)


def loopback_up():
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(
            any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS,
                    struct.pack("16sH14x", b"lo", flags | IFF_UP))


def nameserver(command):
    loopback_up()
    mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind(("127.0.0.1", 53))
    return subprocess.call(command)


if sys.argv[1] == "nameserver":
    sys.exit(nameserver(sys.argv[2:]))
keep(sys.argv[1], sys.argv[2])
