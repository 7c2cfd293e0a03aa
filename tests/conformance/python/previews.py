"""Ports and previews: HTTP and WebSocket, with token, public, signed, expired; the port in the toolbox."""

import asyncio
import os
import time
import urllib.error
import urllib.parse
import urllib.request

import aiohttp

from daytona import CreateSandboxFromSnapshotParams, Daytona

SERVER = r'''
import asyncio, base64, hashlib
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode().split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
            if "sec-websocket-key" in fields:
                key = fields["sec-websocket-key"].encode()
                accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
                writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
                while True:
                    begin = await reader.readexactly(2)
                    size = begin[1] & 127
                    mask = await reader.readexactly(4)
                    data = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(size)))
                    if begin[0] & 15 == 8:
                        writer.write(b"\x88" + bytes([len(data)]) + data)
                        await writer.drain()
                        writer.close()
                        return
                    writer.write(bytes([begin[0], len(data) + 5]) + b"echo:" + data)
                    await writer.drain()
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            text = "\n".join([first, fields.get("authorization", "none"), fields.get("x-daytona-preview-token", "none"), body.decode()]).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-From: inside\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 3000)
    await server.serve_forever()
asyncio.run(main())
'''

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
twin = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
key = os.environ["DAYTONA_API_KEY"]
origin = os.environ["DAYTONA_API_URL"].removesuffix("/api")


# A browser is led to where it can log in, everything else is told.
REFUSED = (302, 307, 401, 403, 404)


def ask(url, headers=None, data=None):
    """By the URL's host name, wherever names of its kind lead: here to the platform itself."""
    parts = urllib.parse.urlsplit(url)
    target = origin + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = urllib.request.Request(target, data=data, headers={"Host": parts.netloc, **(headers or {})})
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def closed(url, headers=None):
    """What is withdrawn is refused within a second everywhere; twice that, for a busy machine."""
    begun = time.monotonic()
    while ask(url, headers)[0] not in REFUSED:
        assert time.monotonic() - begun < 2, ask(url, headers)
        time.sleep(0.05)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


async def echo(url, headers=None):
    parts = urllib.parse.urlsplit(url)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(origin + (parts.path or "/"), headers={"Host": parts.netloc, **(headers or {})}) as socket:
            await socket.send_str("text")
            first = await socket.receive_str(timeout=10)
            await socket.send_bytes(b"bytes")
            return first, await socket.receive_bytes(timeout=10)


try:
    for box in (sandbox, twin):
        box.fs.upload_file(SERVER.encode(), "server.py")
        box.process.exec("nohup python3 server.py > server.log 2>&1 &")
    link = sandbox.get_preview_link(3000)
    assert link.token and "3000-" in link.url, link
    token = {"X-Daytona-Preview-Token": link.token}
    for _ in range(200):
        answer = ask(link.url, token)
        if answer[0] == 200:
            break
        time.sleep(0.05)
    # The server sees the request, and neither the caller's key nor the preview's token.
    status, text, headers = ask(link.url + "/path?query=1", {**token, "Authorization": f"Bearer {key}"}, b"body")
    assert status == 200 and headers["X-From"] == "inside", (status, text)
    first, authorization, seen_token, body = text.split("\n")
    assert first == "POST /path?query=1 HTTP/1.1" and body == "body", text
    assert key not in text and link.token not in text, text

    # Both serve on one port; the machine's own is free.
    status, text, _ = ask(twin.get_preview_link(3000).url, {"X-Daytona-Preview-Token": twin.get_preview_link(3000).token})
    assert status == 200, (status, text)

    # Without a token, with a wrong one, with the neighbour's: no.
    assert ask(link.url)[0] in REFUSED, ask(link.url)
    assert ask(link.url, {"X-Daytona-Preview-Token": "wrong"})[0] in REFUSED
    assert ask(link.url, {"X-Daytona-Preview-Token": twin.get_preview_link(3000).token})[0] in REFUSED

    # WebSockets the same way.
    assert asyncio.run(echo(link.url, token)) == ("echo:text", b"echo:bytes")
    try:
        asyncio.run(echo(link.url))
        raise AssertionError("a WebSocket without a token")
    except aiohttp.WSServerHandshakeError as error:
        assert error.status in REFUSED, error

    # The same port through the toolbox, and what it says of ports.
    toolbox = f"{sandbox.toolbox_proxy_url}/{sandbox.id}"
    mine = {"Authorization": f"Bearer {key}"}
    status, text, _ = ask(f"{toolbox}/proxy/3000/inner", mine)
    assert status == 200 and text.startswith("GET /inner "), (status, text)
    assert '3000' in ask(f"{toolbox}/port", mine)[1]
    assert "true" in ask(f"{toolbox}/port/3000/in-use", mine)[1]
    assert "false" in ask(f"{toolbox}/port/3001/in-use", mine)[1]
    assert ask(f"{toolbox}/port/80/in-use", mine)[0] == 400
    status, text, _ = ask(sandbox.get_preview_link(4321).url, token)
    assert status in (502, 503, 504) and "4321" in text, (status, text)

    # Public, and no more.
    sandbox.set_public(True)
    assert ask(link.url)[0] == 200
    assert asyncio.run(echo(link.url))[0] == "echo:text"
    sandbox.set_public(False)
    closed(link.url)

    # Signed: for one port, until it is expired or its time is over.
    signed = sandbox.create_signed_preview_url(3000, expires_in_seconds=600)
    assert ask(signed.url)[0] == 200, ask(signed.url)
    assert asyncio.run(echo(signed.url))[0] == "echo:text"
    other = signed.url.replace("3000-", "3001-", 1)
    assert ask(other)[0] in REFUSED, ask(other)
    sandbox.expire_signed_preview_url(3000, signed.token)
    closed(signed.url)
    short = sandbox.create_signed_preview_url(3000, expires_in_seconds=1)
    time.sleep(1)
    closed(short.url)
finally:
    sandbox.delete()
    twin.delete()
