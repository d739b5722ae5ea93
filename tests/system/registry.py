#!/usr/bin/python3
"""A container registry on 127.0.0.1 with one image, for the tests.

    registry.py FILE

Shows the image app:latest to whoever names a user and a password that stand,
as USER:PASSWORD, in FILE.users (read anew each time). Writes its port to FILE
and keeps running until it is killed. FILE.log gets a line for each request:
the status, the user, the path.
"""
import base64
import http.server
import json
import os
import sys

TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": TYPE, "layers": [],
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
               "size": 2, "digest": "sha256:" + "0" * 64}}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def user(self):
        """Who asks, or None."""
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        given = base64.b64decode(encoded).decode()
        with open(sys.argv[1] + ".users") as users:
            known = users.read().splitlines()
        return given.partition(":")[0] if given in known else None

    def answer(self, status, body=b"", *headers):
        with open(sys.argv[1] + ".log", "a") as log:
            log.write(f"{status} {self.user() or '-'} {self.path}\n")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.user() is None:
            self.answer(401, b"", ("WWW-Authenticate", 'Basic realm="test"'))
        elif self.path == "/v2/":
            self.answer(200, b"{}", ("Content-Type", "application/json"))
        elif self.path == "/v2/app/manifests/latest":
            self.answer(200, MANIFEST, ("Content-Type", TYPE))
        else:
            self.answer(404)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as out:
    out.write("%d\n" % server.server_address[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
