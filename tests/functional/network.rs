//! The network inside a sandbox: its own, whatever is served there.

use sandbar_tests::{Api, Mirror, Platform};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Serves its argument on port 3000 of both loopbacks.
const SERVER: &str = r#"
import asyncio, sys
body = sys.argv[1].encode()
async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()
async def main():
    four = await asyncio.start_server(serve, "127.0.0.1", 3000)
    six = await asyncio.start_server(serve, "::1", 3000)
    print("ready", flush=True)
    await asyncio.gather(four.serve_forever(), six.serve_forever())
asyncio.run(main())
"#;

fn serving(api: &Api, text: &str) -> Value {
    let sandbox = api.create(&json!({}));
    let start = format!("cat > server.py <<'END'\n{SERVER}\nEND\nnohup python3 server.py {text} > log 2>&1 &");
    assert_eq!(api.exec(&sandbox, &start).json["exitCode"], 0);
    let started = Instant::now();
    while api.exec(&sandbox, "cat log").json["result"] != "ready\n" {
        let log = api.exec(&sandbox, "cat log");
        assert!(started.elapsed() < Duration::from_secs(30), "no server: {}", log.text);
        std::thread::sleep(Duration::from_millis(20));
    }
    sandbox
}

#[test]
fn two_sandboxes_serve_on_one_port_and_neither_is_the_machines() {
    let platform = Platform::start();
    let api = platform.api();
    let (one, two) = (serving(&api, "one"), serving(&api, "two"));
    for (sandbox, text) in [(&one, "one"), (&two, "two")] {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let answer = api.exec(sandbox, &format!("curl -s -S -m 10 http://{host}:3000/"));
            assert_eq!(answer.json["result"], text, "{host}: {}", answer.text);
        }
    }
    // The first ends; its port is free for the next, and the other one goes on.
    let again = api.exec(
        &one,
        "pkill -9 python3 || kill -9 $(pgrep python3); for i in 1 2 3 4 5 6 7 8 9; do curl -s -m 5 http://127.0.0.1:3000/ || exit 7; sleep 0.1; done",
    );
    assert_eq!(again.json["exitCode"], 7, "{}", again.text);
    assert_eq!(
        api.exec(&two, "curl -s -m 10 http://127.0.0.1:3000/").json["result"],
        "two"
    );
    let anew = api.exec(&one, "nohup python3 server.py anew > log2 2>&1 & for i in 1 2 3 4 5 6 7 8 9 10; do grep -q ready log2 && break; sleep 0.3; done; curl -s -m 10 http://127.0.0.1:3000/");
    assert_eq!(anew.json["result"], "anew", "{}", anew.text);
}

#[test]
fn nothing_of_the_machine_and_its_networks_is_reachable_from_inside() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let machine = Mirror::start("the machine's own");
    let (port, plane) = (
        machine.address.port(),
        platform
            .api_url
            .trim_start_matches("http://")
            .trim_end_matches("/api")
            .to_owned(),
    );
    let mut addresses = vec![plane];
    addresses.extend(
        [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "[::]",
            "127.1.2.3",
            "[64:ff9b::7f00:1]",
            "169.254.169.254",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "[fe80::1]",
            "[fc00::1]",
            "localhost",
        ]
        .map(|host| format!("{host}:{port}")),
    );
    for address in addresses {
        let started = Instant::now();
        let answer = api.exec(&sandbox, &format!("curl -s -S -m 10 http://{address}/ 2>&1"));
        assert_ne!(answer.json["exitCode"], 0, "{address}: {}", answer.text);
        assert!(!answer.text.contains("machine's own"), "{address}: {}", answer.text);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{address} took {:?}",
            started.elapsed()
        );
    }
    assert_eq!(machine.asked(), 0, "something inside reached the machine's port {port}");
}
