#!/usr/bin/python3
"""A system log: one line in FILE for each message that comes to SOCKET.

    catch-log.py SOCKET FILE      prints a line once it listens

A line is "SEVERITY PROGRAM: TEXT", without time and process number.
"""
import re
import socket
import sys

SEVERITY = ("emerg", "alert", "crit", "err", "warning", "notice", "info",
            "debug")


def main(path, file):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        with open(file, "a", encoding="utf-8", buffering=1) as out:
            print("listening", flush=True)
            while True:
                text = log.recv(65536).decode("utf-8", "backslashreplace")
                found = re.match(
                    r"<(\d+)>(?:\w{3} [\d ]\d \d\d:\d\d:\d\d )?"
                    r"([^\[: ]*)(?:\[\d+\])?: ?(.*)", text.rstrip("\0\n"),
                    re.S)
                if found:
                    number, program, message = found.groups()
                    text = f"{SEVERITY[int(number) % 8]} {program}: {message}"
                out.write(text.replace("\n", "\\n") + "\n")


main(*sys.argv[1:])
