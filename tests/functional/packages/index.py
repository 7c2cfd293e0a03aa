"""A package index on loopback: serves the files of a directory, and prints its port. Run by this machine's Python."""

import http.server
import os
import re
import sys

DIRECTORY = sys.argv[1]
# A project of which there is only a build for Linux.
NATIVE = "dummynative-1.0-cp314-cp314-manylinux_2_17_x86_64.whl"


def project_of(file):
    return re.sub(r"[-_.]+", "-", re.split(r"-\d", file, maxsplit=1)[0]).lower()


FILES = {}
for file in [*sorted(os.listdir(DIRECTORY)), NATIVE]:
    FILES.setdefault(project_of(file), []).append(file)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind, _, name = self.path.strip("/").partition("/")
        if kind == "simple" and name in FILES:
            body = "".join(f'<a href="/files/{file}">{file}</a>\n' for file in FILES[name]).encode()
            return self.say("text/html", body)
        if kind == "files" and any(name in files for files in FILES.values()) and name != NATIVE:
            with open(os.path.join(DIRECTORY, name), "rb") as stream:
                return self.say("application/octet-stream", stream.read())
        self.send_error(404)

    def say(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
