//! HTTPS from inside: Python and curl reach a server outside through the sandbox's network policy and the host's TLS.

use sandbar_tests::{Api, Platform, Settings};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A web server of this machine's own Python, on a free port of loopback, which it prints.
const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"big" * 100_000 if self.path == "/big" else b"hello over TLS\n"
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))[::-1]
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server whose certificate, of its own making, is for these names; the certificate's file.
fn serve(directory: &std::path::Path, names: &[&str]) -> (Server, std::path::PathBuf) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let mut child = Command::new("python3")
        .args(["-c", SERVER])
        .args([&cert, &key])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 of this machine");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("its port");
    let port = line
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("the server says {line:?}"));
    (Server { child, port }, cert)
}

fn printed(api: &Api, sandbox: &Value, command: &str) -> String {
    let answer = api.exec(sandbox, command);
    answer.json["result"].as_str().unwrap_or(&answer.text).to_owned()
}

#[test]
fn programs_speak_https_and_check_whom_they_speak_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let (server, cert) = serve(directory.path(), &["localhost", "127.0.0.1"]);
    let arguments = |more: &[&str]| {
        let mut all = vec!["--egress-allow".to_owned(), format!("127.0.0.1:{}", server.port)];
        all.extend(more.iter().map(|one| (*one).to_owned()));
        Settings {
            data: None,
            arguments: all,
        }
    };
    let trusting = Platform::start_with(arguments(&["--guest-ca-file", cert.to_str().expect("a plain path")]));
    let api = trusting.api();
    let sandbox = api.create(&json!({}));
    let url = format!("https://127.0.0.1:{}", server.port);
    let python = |code: &str| format!("python3 - <<'END'\n{code}\nEND");

    let get = python(&format!(
        r#"import urllib.request, http.client, ssl, asyncio
print(urllib.request.urlopen("{url}/").read().decode(), end="")
print(len(urllib.request.urlopen("{url}/big").read()))
print(urllib.request.urlopen("{url}/", data=b"abc" * 50_000).read() == b"cba" * 50_000)
connection = http.client.HTTPSConnection("127.0.0.1", {port})
for _ in range(3):
    connection.request("GET", "/"); print(connection.getresponse().read().decode(), end="")
print(connection.sock.version(), connection.sock.cipher()[1], connection.sock.getpeercert()["subjectAltName"])
async def raw():
    reader, writer = await asyncio.open_connection("127.0.0.1", {port}, ssl=ssl.create_default_context(), server_hostname="127.0.0.1")
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"); await writer.drain()
    print((await reader.read()).endswith(b"hello over TLS\n"))
    writer.close()
asyncio.run(raw())"#,
        port = server.port
    ));
    assert_eq!(
        printed(&api, &sandbox, &get),
        "hello over TLS\n300000\nTrue\nhello over TLS\nhello over TLS\nhello over TLS\n\
         TLSv1.3 TLSv1.3 (('DNS', 'localhost'), ('IP Address', '127.0.0.1'))\nTrue\n"
    );
    assert_eq!(printed(&api, &sandbox, &format!("curl -s {url}/")), "hello over TLS\n");

    // Whom the certificate is not for, and whom nobody vouches for, is refused.
    let wrong_name = python(&format!(
        r#"import socket, ssl
try:
    ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", {})), server_hostname="example.org")
except ssl.SSLCertVerificationError as error:
    print("refused", error.reason)"#,
        server.port
    ));
    assert_eq!(
        printed(&api, &sandbox, &wrong_name),
        "refused CERTIFICATE_VERIFY_FAILED\n"
    );
    let strict = Platform::start_with(arguments(&[]));
    let api = strict.api();
    let sandbox = api.create(&json!({}));
    let unknown = python(&format!(
        r#"import urllib.request, urllib.error, ssl
try: urllib.request.urlopen("{url}/")
except urllib.error.URLError as error: print(type(error.reason).__name__)
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
print(urllib.request.urlopen("{url}/", context=context).read().decode(), end="")"#
    ));
    assert_eq!(
        printed(&api, &sandbox, &unknown),
        "SSLCertVerificationError\nhello over TLS\n"
    );
    let code = printed(&api, &sandbox, &format!("curl -s {url}/; echo $?; curl -sk {url}/"));
    assert_eq!(code, "60\nhello over TLS\n");

    // And the policy holds before any of it: another port of the same machine is out of reach.
    let closed = printed(
        &api,
        &sandbox,
        "curl -s -m 5 https://127.0.0.1:1/; echo $?; curl -s -m 5 http://169.254.169.254/; echo $?",
    );
    assert!(closed.split_whitespace().all(|code| code != "0"), "{closed}");
}
