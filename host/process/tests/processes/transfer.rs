//! curl and wget against servers inside the sandbox, honest and not: what they print, and how they end.

use crate::userland::userland;

/// Servers on 8000 (HTTP), 8001 (takes connections and says nothing), 8002 (hangs up at once), 8003 (promises more than it
/// sends), 8004 (says what is no HTTP).
const SERVERS: &str = r#"
import asyncio
async def head(reader):
    text = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = text.split("\r\n")
    fields = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields if field)}
    return *line.split()[:2], fields
async def http(reader, writer):
    try:
        while True:
            method, path, fields = await head(reader)
            if fields.get("expect") == "100-continue": writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            status, more, answer = 200, b"", b"hello\n"
            if path == "/missing": status, answer = 404, b"not here\n"
            elif path == "/broken": status, answer = 500, b"broken\n"
            elif path == "/moved": status, more, answer = 302, b"location: /there?x=1\r\n", b""
            elif path.startswith("/there"): answer = b"there " + method.encode() + b"\n"
            elif path == "/loop": status, more, answer = 301, b"location: /loop\r\n", b""
            elif path == "/echo": answer = f"{method} {fields.get('content-type')} {fields.get('authorization')} {fields.get('x-a')} {fields.get('user-agent', '').split('/')[0]} ".encode() + body + b"\n"
            elif path == "/chunked":
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nchunk\r\n3;x=y\r\ned\n\r\n0\r\n\r\n"); await writer.drain(); continue
            elif path == "/big": answer = bytes(range(256)) * 4096
            writer.write(b"HTTP/1.1 %d Some\r\n%scontent-length: %d\r\n\r\n" % (status, more, len(answer)) + (b"" if method == "HEAD" else answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError): pass
    finally: writer.close()
async def silent(reader, writer): await reader.read()
async def gone(reader, writer): await reader.read(65536); writer.close()
async def short(reader, writer):
    await reader.readuntil(b"\r\n\r\n"); writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"); await writer.drain(); writer.close()
async def strange(reader, writer):
    await reader.readuntil(b"\r\n\r\n"); writer.write(b"220 ready for mail\r\n\r\n"); await writer.drain(); writer.close()
async def main():
    for port, serve in zip(range(8000, 8005), (http, silent, gone, short, strange)): await asyncio.start_server(serve, "127.0.0.1", port)
    open("/tmp/ready", "w").close()
    await asyncio.sleep(600)
asyncio.run(main())
"#;

/// A script, how it ends, and what it prints.
const CASES: &[(&str, i32, &str)] = &[
    ("curl -s $H/", 0, "hello\n"),
    ("curl -s localhost:8000", 0, "hello\n"),
    ("curl -s $H/missing", 0, "not here\n"),
    ("curl -s -o /dev/null -w '%{http_code}' $H/missing", 0, "404"),
    (
        "curl -sS -f $H/missing 2>&1",
        22,
        "curl: (22) The requested URL returned error: 404\n",
    ),
    ("curl -s -f $H/broken", 22, ""),
    ("curl -s --fail-with-body $H/broken", 22, "broken\n"),
    (
        "curl -s -o /dev/null -w '%{http_code} %{size_download}' $H/moved",
        0,
        "302 0",
    ),
    ("curl -sL $H/moved", 0, "there GET\n"),
    ("curl -sL -d x=1 $H/moved", 0, "there GET\n"),
    ("curl -sL --max-redirs 5 $H/loop", 47, ""),
    ("curl -s $H/chunked", 0, "chunked\n"),
    ("curl -s -I $H/ | head -n 1 | tr -d '\\r'", 0, "HTTP/1.1 200 Some\n"),
    ("curl -s -i $H/missing | tail -n 1", 0, "not here\n"),
    (
        "curl -s -d a=1 -d b=2 -u me:you -H 'X-A: yes' $H/echo",
        0,
        "POST application/x-www-form-urlencoded Basic bWU6eW91 yes curl a=1&b=2\n",
    ),
    (
        "echo -n '{}' > j; curl -s -X PUT -H 'Content-Type: application/json' --data-binary @j $H/echo",
        0,
        "PUT application/json None None curl {}\n",
    ),
    (
        "curl -s -A me/1 --data-urlencode 'q=a b&c' $H/echo",
        0,
        "POST application/x-www-form-urlencoded None None me q=a+b%26c\n",
    ),
    (
        "cd /tmp; curl -s -o big $H/big && cksum < big; curl -s $H/big | cksum",
        0,
        "2572415250 1048576\n2572415250 1048576\n",
    ),
    ("cd /tmp; curl -s -O $H/there; cat there", 0, "there GET\n"),
    ("curl -s http://127.0.0.1:9/", 7, ""),
    ("curl -s http://no-such-name.invalid/ 2> /dev/null", 6, ""),
    ("curl -s -m 1 http://127.0.0.1:8001/", 28, ""),
    ("curl -s https://127.0.0.1:8002/", 35, ""),
    ("curl -s http://127.0.0.1:8002/", 52, ""),
    ("curl -s http://127.0.0.1:8003/", 18, "short"),
    ("curl -s http://127.0.0.1:8004/", 1, ""),
    ("curl -s 'http://[::1/'", 3, ""),
    ("curl -s 2>/dev/null", 2, ""),
    ("curl -s --no-such-option $H/ 2>/dev/null", 2, ""),
    ("curl -s -o /no/such/dir $H/ 2>/dev/null", 23, ""),
    ("curl -s $H/big > /dev/full", 23, ""),
    (
        "curl -s http://10.0.0.1/ 2>&1 | grep -c 'sandbar: 10.0.0.1:80 was refused'",
        0,
        "1\n",
    ),
    ("wget -q -O - $H/there", 0, "there GET\n"),
    ("cd /tmp; wget -q $H/there; cat there", 0, "there GET\n"),
    ("wget -q -O - $H/moved", 0, "there GET\n"),
    ("wget -q -O - $H/missing", 8, ""),
    ("wget -q -O - http://127.0.0.1:9/", 4, ""),
    ("wget -q -O - http://no-such-name.invalid/ 2> /dev/null", 4, ""),
];

#[test]
fn curl_and_wget_end_as_they_do_elsewhere() {
    let fixture = userland();
    let tree = fixture.sandbox.tree();
    tree.write_file("/servers.py", SERVERS.as_bytes(), 0o644)
        .expect("written");
    let (code, text) = fixture.sh(
        "python3 /servers.py > /tmp/log 2>&1 & for i in $(seq 300); do test -e /tmp/ready && exit; sleep 0.05; done; cat /tmp/log; exit 1",
    );
    assert_eq!(code, 0, "the servers do not start: {text}");
    let mut failed = Vec::new();
    for (script, code, text) in CASES {
        let found = fixture.sh(&format!("H=http://127.0.0.1:8000; {script}"));
        if (found.0, found.1.as_str()) != (*code, *text) {
            failed.push(format!("{script}\n  {found:?}, not {:?}", (code, text)));
        }
    }
    fixture.sandbox.kill_all();
    fixture.assert_clean();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
