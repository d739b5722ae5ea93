#!/usr/bin/python3
"""A git server on 127.0.0.1 that wants a credential, for the tests.

    git-server.py FOLDER FILE

Serves the repositories in FOLDER through `git http-backend` to whoever
names a user and a password that stand, as USER:PASSWORD, in FILE.users (read
anew each time); a bearer token stands there as bearer:TOKEN. Writes its port
to FILE and keeps running until it is killed. FILE.log gets a line for each
request: the status and the user.
"""
import base64
import http.server
import os
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def user(self):
        """Who asks, or None."""
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            given = base64.b64decode(encoded).decode()
        elif kind == "Bearer":
            given = "bearer:" + encoded
        else:
            return None
        with open(sys.argv[2] + ".users") as users:
            known = users.read().splitlines()
        return given.partition(":")[0] if given in known else None

    def note(self, status, user):
        with open(sys.argv[2] + ".log", "a") as log:
            log.write(f"{status} {user or '-'}\n")

    def refuse(self):
        self.note(401, None)
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve(self):
        user = self.user()
        if user is None:
            self.refuse()
            return
        self.note(200, user)
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length", 0))
        environment = dict(
            os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL="1",
            REQUEST_METHOD=self.command, PATH_INFO=path, QUERY_STRING=query,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(length), REMOTE_USER=user,
            REMOTE_ADDR="127.0.0.1",
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            HTTP_GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        answer = subprocess.run(["git", "http-backend"], env=environment,
                                input=self.rfile.read(length),
                                capture_output=True, check=True).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = [line.partition(": ") for line in
                   head.decode().split("\r\n")]
        status = [value for name, _, value in headers if name == "Status"]
        self.send_response(int((status or ["200"])[0].split()[0]))
        for name, _, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = serve

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[2] + ".new", "w") as out:
    out.write("%d\n" % server.server_address[1])
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
