//! Programs that users bring, through the API and the jailed cell.

use sandbar_tests::{Api, Platform, root};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Most characters of a file in one command: below the 1 MiB that arguments may have.
const PIECE: usize = 256 << 10;

/// The directory with `own.wasm`, a command, and `own_http.wasm`, an HTTP component.
fn guests() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = root().join("target/wasm");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(root())
            .args([
                "build",
                "--quiet",
                "--profile",
                "wasm",
                "--target",
                "wasm32-wasip2",
                "-p",
                "own-guests",
            ])
            .arg("--target-dir")
            .arg(&target)
            .env_remove("RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the guests do not build");
        target.join("wasm32-wasip2/wasm")
    })
}

fn bring(api: &Api, sandbox: &Value, name: &str) {
    let bytes = std::fs::read(guests().join(name)).expect("it was built");
    put(api, sandbox, name, &bytes);
}

/// Puts an executable file into a sandbox.
fn put(api: &Api, sandbox: &Value, name: &str, bytes: &[u8]) {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    run(api, sandbox, "rm -f upload");
    for piece in text.as_bytes().chunks(PIECE) {
        let piece = String::from_utf8_lossy(piece);
        run(api, sandbox, &format!("printf %s {piece} >> upload"));
    }
    run(
        api,
        sandbox,
        &format!("basenc -d --base16 -i < upload > {name}; rm upload; chmod +x {name}"),
    );
}

fn ended(api: &Api, sandbox: &Value, command: &str) -> (i64, String) {
    let reply = api.exec(sandbox, command);
    let code = reply.json["exitCode"].as_i64();
    let text = reply.json["result"].as_str().unwrap_or_default().to_owned();
    (code.unwrap_or_else(|| panic!("{command}: {}", reply.text)), text)
}

fn run(api: &Api, sandbox: &Value, command: &str) -> String {
    let (code, text) = ended(api, sandbox, command);
    assert_eq!(code, 0, "{}: {text}", &command[..command.len().min(200)]);
    text
}

#[test]
fn a_command_runs_like_a_binary() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    bring(&api, &sandbox, "own.wasm");
    let first = Instant::now();
    let (code, text) = ended(
        &api,
        &sandbox,
        "cd /tmp && echo -n input | OWN=mine ~/own.wasm report one 'two three' 2>&1",
    );
    let first = first.elapsed();
    assert_eq!(
        (code, text.as_str()),
        (
            1,
            "arguments one|two three\nvariable mine\ninput INPUT\nfile by a program\nand an error\n"
        )
    );
    assert_eq!(run(&api, &sandbox, "cat /tmp/written.txt"), "by a program");
    // Along PATH, in a pipe, by a name without an ending, from Python, and over its own loopback.
    run(&api, &sandbox, "mkdir -p ~/bin; cp own.wasm ~/bin/own");
    assert_eq!(
        run(&api, &sandbox, "PATH=$PATH:$HOME/bin own net | tr a-z A-Z"),
        "PING\n"
    );
    let python =
        "python3 -c \"import subprocess; print(subprocess.run(['./own.wasm', 'net'], capture_output=True).stdout)\"";
    assert_eq!(run(&api, &sandbox, python), "b'ping\\n'\n");
    // Compiled once, for every sandbox.
    let other = api.create(&json!({}));
    bring(&api, &other, "own.wasm");
    let again = Instant::now();
    assert_eq!(run(&api, &other, "./own.wasm net"), "ping\n");
    let again = again.elapsed();
    assert!(again < first, "{again:?}, and {first:?} with its compilation");
    // Without the executable bit it is a file.
    let (code, text) = ended(&api, &sandbox, "chmod -x own.wasm; ./own.wasm net 2>&1");
    assert_eq!(code, 126, "{text}");
}

#[test]
fn what_cannot_run_says_why_in_a_sentence() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let wasm = |text: &str| wat::parse_str(text).expect("the test's own text");
    for (bytes, says) in [
        (
            wasm("(module (import \"env\" \"system\" (func)) (func (export \"_start\")))"),
            "env.system",
        ),
        (wasm("(module (func (export \"add\")))"), "no _start function"),
        (
            wasm(
                r#"(component
                  (import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func))))
                  (core module $m (func (export "f") (result i32) (i32.const 0)))
                  (core instance $i (instantiate $m))
                  (func $run (result (result)) (canon lift (core func $i "f")))
                  (instance $run (export "run" (func $run)))
                  (export "wasi:cli/run@0.2.0" (instance $run)))"#,
            ),
            "wasi:keyvalue/store",
        ),
        (b"\0asm and nothing else".to_vec(), "no WebAssembly"),
    ] {
        put(&api, &sandbox, "bad.wasm", &bytes);
        for _ in 0..2 {
            let (code, text) = ended(&api, &sandbox, "./bad.wasm 2>&1");
            assert_eq!(code, 126, "{text}");
            assert!(
                text.starts_with("sandbar: ./bad.wasm: ") && text.contains(says),
                "{text}"
            );
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
    bring(&api, &sandbox, "own_http.wasm");
    let (code, text) = ended(&api, &sandbox, "./own_http.wasm 2>&1");
    assert!(
        code == 126 && text.contains("serve ./own_http.wasm --port 8080"),
        "{code}: {text}"
    );
}

#[test]
fn limits_hold_for_what_users_bring() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    bring(&api, &sandbox, "own.wasm");
    let (code, text) = ended(&api, &sandbox, "./own.wasm memory 2>&1");
    assert!(code == 137 && text.contains("out of memory"), "{code}: {text}");
    let text = run(&api, &sandbox, "mkdir h; cd h; ../own.wasm handles");
    let count: usize = text
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .expect("a number");
    assert!((100..=4096).contains(&count), "{text}");
    let (code, text) = ended(&api, &sandbox, "timeout -s KILL 1 ./own.wasm loop; echo $?");
    assert_eq!((code, text.as_str()), (0, "137\n"));
    let flooded = api.exec(&sandbox, "./own.wasm output");
    assert!(
        flooded.text.len() < 40 << 20 && flooded.json["exitCode"] != 0,
        "{} bytes",
        flooded.text.len()
    );
    assert_eq!(run(&api, &sandbox, "./own.wasm net"), "ping\n");
}

/// Small programs that cost a compiler much: the sandbox that brought them waits, nobody else does for long.
#[test]
fn bombs_for_the_compiler_hold_nobody_up() {
    let platform = Platform::start();
    let api = platform.api();
    let (bomber, other) = (api.create(&json!({})), api.create(&json!({})));
    let mut text = String::from("(module (memory (export \"memory\") 1) (func (export \"_start\") (local i32)");
    for _ in 0..60_000 {
        text.push_str("(local.set 0 (i32.add (local.get 0) (i32.const 7)))");
    }
    text.push_str("))");
    put(
        &api,
        &bomber,
        "bomb.wasm",
        &wat::parse_str(&text).expect("the test's own text"),
    );
    bring(&api, &other, "own.wasm");
    assert_eq!(run(&api, &other, "./own.wasm net"), "ping\n");
    std::thread::scope(|scope| {
        let bombs = scope.spawn(|| ended(&api, &bomber, "./bomb.wasm & ./bomb.wasm & ./bomb.wasm & wait; true"));
        for _ in 0..20 {
            let begin = Instant::now();
            assert_eq!(run(&api, &other, "./own.wasm net"), "ping\n");
            assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        }
        let (_, said) = bombs.join().expect("the bombs end");
        assert!(said.len() < 10_000, "{said}");
    });
    // One that is killed while its program is compiled leaves the compiler to others.
    let killed = "timeout -s KILL 0.05 ./bomb2.wasm; echo $?";
    put(
        &api,
        &bomber,
        "bomb2.wasm",
        &wat::parse_str(text.replace("const 7", "const 8")).expect("the same"),
    );
    let (_, code) = ended(&api, &bomber, killed);
    assert!(["137\n", "0\n"].contains(&code.as_str()), "{code}");
    put(
        &api,
        &other,
        "fresh.wasm",
        &wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#).expect("text"),
    );
    assert_eq!(run(&api, &other, "./fresh.wasm"), "");
}

#[test]
fn an_http_component_is_served_on_a_port() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    bring(&api, &sandbox, "own_http.wasm");
    let toolbox = Api::toolbox(&sandbox);
    let started = api.post(
        &format!("{toolbox}/process/execs"),
        &json!({ "command": "OWN=mine exec serve own_http.wasm --port 8080" }),
    );
    assert_eq!(started.status, 201, "{}", started.text);
    let get = |path: &str| api.get(&format!("{toolbox}/proxy/8080{path}"));
    let since = Instant::now();
    while get("/").status != 200 {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", get("/").text);
        std::thread::sleep(Duration::from_millis(20));
    }
    for (path, status, text) in [
        ("/", 200, "hello"),
        ("/variable", 200, "mine"),
        ("/file", 200, "x"),
        ("/file", 200, "xx"),
        ("/trap", 500, "aborted\n"),
        ("/none", 500, "the program gives no answer\n"),
        ("/", 200, "hello"),
    ] {
        let reply = get(path);
        assert_eq!((reply.status, reply.text.as_str()), (status, text), "{path}");
    }
    // Requests that the host makes for it leave by the sandbox's own network.
    for (url, says) in [
        ("http://127.0.0.1:8080/variable", "200 mine true"),
        ("http://localhost:8080/none", "500 the program gives no answer\n true"),
        ("http://127.0.0.1:8081/", "ConnectionRefused"),
        ("http://10.0.0.1/", "DestinationIpProhibited"),
        ("http://169.254.169.254/latest", "DestinationIpProhibited"),
        ("https://127.0.0.1:8080/", "Tls"),
    ] {
        let reply = get(&format!("/fetch?{url}"));
        assert!(
            reply.status == 200 && reply.text.contains(says),
            "{url}: {}",
            reply.text
        );
    }
    let said = api.get(&format!(
        "{toolbox}/process/execs/{}/output",
        started.json["id"].as_str().expect("an id")
    ));
    assert!(
        said.text.contains("sandbar: 10.0.0.1 was refused: 10.0.0.1 is"),
        "{}",
        said.text
    );
    let memory = get("/memory");
    assert!(
        memory.status == 500 && memory.text.contains("out of memory"),
        "{}",
        memory.text
    );
    let sent = "x".repeat(1 << 20);
    let echoed = api.send(
        "POST",
        &format!("{toolbox}/proxy/8080/echo"),
        Some(sent.clone().into_bytes()),
    );
    assert!(echoed.status == 200 && echoed.text == sent, "{}", echoed.text.len());
    assert_eq!(
        run(&api, &sandbox, "cat /tmp/count; curl -s http://127.0.0.1:8080/"),
        "xxhello"
    );
    // One port, one server; and it ends when it is told to.
    let (code, text) = ended(&api, &sandbox, "serve own_http.wasm --port 8080 2>&1");
    assert!(code == 1 && text.contains("8080"), "{code}: {text}");
    let id = started.json["id"].as_str().expect("an id");
    let signal = api.post(
        &format!("{toolbox}/process/execs/{id}/signal"),
        &json!({ "signal": "SIGINT" }),
    );
    assert!(signal.status < 300, "{}", signal.text);
    let since = Instant::now();
    while get("/").status != 502 {
        assert!(since.elapsed() < Duration::from_secs(10), "it goes on serving");
        std::thread::sleep(Duration::from_millis(20));
    }
}
