"""A git server on loopback: native `git http-backend` behind a few lines of HTTP, or HTTPS with a certificate.
Repositories below /private/ want user:secret, and know guest:guest, who may nothing.

As a program, `git_server.py ROOT [CERTIFICATE KEY]` prints its port and serves until its standard input ends."""

import base64
import http.server
import os
import ssl
import subprocess
import sys
import threading

USERS = {base64.b64encode(b"user:secret").decode(): 200, base64.b64encode(b"guest:guest").decode(): 403}
PLAIN = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def git(directory, *arguments, input=None):
    """Native git; its output."""
    done = subprocess.run(
        ["git", "-c", "user.name=Native", "-c", "user.email=native@example.com", *arguments],
        cwd=directory, input=input, capture_output=True, env={**os.environ, **PLAIN},
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout.decode().strip()


def serve(root, port, *certificate):
    """Serves the repositories of a directory until the program ends; over TLS with the files of a certificate and its
    key. Gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def refuse(self, status):
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def answer(self):
            path, _, query = self.path.partition("?")
            if path.startswith("/moved/"):
                self.send_response(301)
                self.send_header("Location", self.path.replace("/moved/", "/", 1))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if path.startswith("/private/"):
                kind, _, word = self.headers.get("Authorization", "").partition(" ")
                status = USERS.get(word, 401) if kind == "Basic" else 401
                if status != 200:
                    self.refuse(status)
                    return
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env={
                **os.environ, **PLAIN, "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(body)),
            })
            head, _, rest = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
            status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
            self.send_response(status)
            for name, value in fields:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest)

        do_GET = do_POST = answer

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        # The handshake belongs to the thread of the connection, not to the one that accepts.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def bare(root, name, files):
    """A bare repository with files on main; gives the work tree that pushes to it."""
    path, work = os.path.join(root, name), os.path.join(root, name.replace("/", "-") + ".work")
    os.makedirs(path)
    git(path, "init", "-q", "--bare", "-b", "main")
    git(path, "config", "http.receivepack", "true")
    os.makedirs(work)
    git(work, "init", "-q", "-b", "main")
    for file, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(work, file)), exist_ok=True)
        with open(os.path.join(work, file), "w") as out:
            out.write(content)
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "first")
    git(work, "remote", "add", "origin", path)
    git(work, "push", "-q", "-u", "origin", "main")
    return work


if __name__ == "__main__":
    print(serve(sys.argv[1], 0, *sys.argv[2:]), flush=True)
    sys.stdin.read()
