#!/usr/bin/python3
"""A person at a terminal: runs a program on a pseudo terminal and types.

    terminal.py [-eNAME=VALUE]... FILE STEP... -- PROGRAM [ARGUMENT...]

Every byte the terminal shows goes to FILE, as it comes. -e is for the
program's environment alone. Steps, in order:

    see=REGEX   wait until the terminal has shown it (after the last step)
    type=TEXT   type it, and ENTER
    run=COMMAND run a shell command, something that happens elsewhere
    kill=SIGNAL send the program a signal
    hang-up     close the terminal's other side

Then it waits for the program to end. The status is the program's; 125 when
something did not come within 40 seconds, which standard error then says.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time


LIMIT = 40  # seconds


class Terminal:
    def __init__(self, file, environment, argv):
        self.end = time.monotonic() + LIMIT
        self.out = open(file, "wb", buffering=0)
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, {**os.environ, **environment})
            finally:
                os._exit(127)

    def read(self):
        """More of what it shows. False at its end."""
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise TimeoutError
        try:
            more = os.read(self.fd, 4096)
        except OSError:  # nobody has the terminal open any more
            more = b""
        self.out.write(more)
        self.seen += more
        return bool(more)

    def see(self, pattern):
        while not (found := re.search(pattern.encode(), self.seen)):
            if not self.read():
                raise EOFError
        self.seen = self.seen[found.end():]

    def wait(self):
        while self.fd >= 0 and self.read():
            pass
        while time.monotonic() < self.end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = -1
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        raise TimeoutError

    def step(self, step):
        name, _, value = step.partition("=")
        if name == "see":
            self.see(value)
        elif name == "type":
            os.write(self.fd, value.encode() + b"\n")
        elif name == "run":
            subprocess.run(value, shell=True, check=True,
                           stdout=subprocess.DEVNULL)
        elif name == "kill":
            os.kill(self.pid, signal.Signals[value])
        elif name == "hang-up":
            os.close(self.fd)
            self.fd = -1
        else:
            sys.exit("terminal.py: no such step: " + step)


def main(args):
    environment = {}
    while args[0].startswith("-e"):
        name, _, value = args.pop(0)[2:].partition("=")
        environment[name] = value
    split = args.index("--")
    terminal = Terminal(args[0], environment, args[split + 1:])
    step = "the end"
    try:
        for step in args[1:split]:
            terminal.step(step)
        step = "the end"
        status = terminal.wait()
        return 128 - status if status < 0 else status
    except (EOFError, TimeoutError, subprocess.CalledProcessError) as trouble:
        print(f"terminal.py: {step}: {type(trouble).__name__}; shown since: "
              f"{terminal.seen[-2000:]!r}", file=sys.stderr)
        return 125
    finally:
        if terminal.pid > 0:
            os.kill(terminal.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
