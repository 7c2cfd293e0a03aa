//! Runner machines: who may be one, what they keep, what reaches them, and proxies beside them.

use sandbar_tests::{Api, Cli, Platform, RunnerProcess, Settings, binary, make_region, root};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

/// Short limits, so that silence is noticed soon.
fn platform() -> Platform {
    Platform::start_with(Settings {
        arguments: ["--verdicts", "2,3,30"].map(str::to_owned).to_vec(),
        ..Settings::default()
    })
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap_or_default()
}

fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(seen) => assert!(started.elapsed() < SOON, "{what}: not after {SOON:?}: {seen}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How a process ends that is expected to.
fn code_of(child: &mut Child) -> Option<i32> {
    until("the process ends", || match child.try_wait() {
        Ok(Some(status)) => Ok(status.code()),
        other => Err(format!("{other:?}")),
    })
}

/// Looks only where the last byte fits, in steps of the text's length: memory of a process is large.
fn holds(bytes: &[u8], text: &str) -> bool {
    let (text, mut at) = (text.as_bytes(), text.len() - 1);
    while at < bytes.len() {
        match text.iter().rposition(|one| *one == bytes[at]) {
            None => at += text.len(),
            Some(_) => {
                let from = at + 1 - text.len();
                if bytes[from..=at] == *text {
                    return true;
                }
                at += 1;
            }
        }
    }
    false
}

#[test]
fn one_token_one_directory_one_process() {
    let platform = platform();
    let api = platform.api();
    let region = make_region(&api, "lab");
    let mut runner = RunnerProcess::start(&platform, &region, "machine", &[]);
    // Shown once, kept as a hash.
    assert!(runner.token.len() >= 32, "{}", runner.token);
    for path in [
        format!("/runners/{}", runner.id),
        "/runners".to_owned(),
        "/admin/runners".to_owned(),
    ] {
        assert!(!api.get(&path).text.contains(&runner.token), "{path} shows the token");
    }
    for name in ["plane.db", "plane.db-wal"] {
        let bytes = std::fs::read(platform.data.join(name)).unwrap_or_default();
        assert!(!holds(&bytes, &runner.token), "{name} holds the token");
    }
    let sandbox = api.create(&json!({ "target": region }));
    assert_eq!(api.exec(&sandbox, "echo kept > file").json["exitCode"], 0);

    // A twin on another directory: the machine that has the sandboxes stays the runner.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let mut twin = runner.spawn(&elsewhere.path().join("data"));
    assert_eq!(code_of(&mut twin), Some(4), "{}", runner.log_tail());
    assert!(
        runner.log_tail().contains("another data directory") || runner.log_tail().contains("directory"),
        "the twin says why: {}",
        runner.log_tail()
    );
    assert_eq!(
        api.exec(&sandbox, "cat file").json["result"],
        "kept\n",
        "the first one goes on"
    );
    let attach = platform.api().with_key(&runner.token).post(
        "/runners/attach",
        &json!({"instance": "6b1ad0a8-9f3e-4c58-9ad3-6f3d2b8e7c11"}),
    );
    assert_eq!(
        (attach.status, &attach.json["code"]),
        (409, &json!("RUNNER_CONFLICT")),
        "{}",
        attach.text
    );

    // A new token, while the old one is still good; the process with it takes over at once.
    let path = format!("/runners/{}/rotate-token", runner.id);
    let grace = Duration::from_secs(3);
    let rotated = api.post(&path, &json!({ "graceSeconds": grace.as_secs() }));
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    let made = Instant::now();
    let old = std::mem::replace(
        &mut runner.token,
        rotated.json["apiKey"].as_str().unwrap_or_default().to_owned(),
    );
    let me = |token: &str| platform.api().with_key(token).get("/runners/me").status;
    assert_eq!((me(&old), me(&runner.token)), (200, 200), "both are good meanwhile");
    let successor = runner.spawn(&runner.data);
    let mut before = runner.replace(successor);
    assert_eq!(code_of(&mut before), Some(3), "{}", runner.log_tail());
    until("the successor serves", || {
        let answer = api.exec(&sandbox, "cat file");
        if answer.json["result"] == "kept\n" {
            Ok(())
        } else {
            Err(answer.text)
        }
    });
    std::thread::sleep((grace + Duration::from_millis(300)).saturating_sub(made.elapsed()));
    assert_eq!((me(&old), me(&runner.token)), (401, 200), "the old one is dead");
    assert_eq!(
        api.exec(&sandbox, "cat file").json["result"],
        "kept\n",
        "{}",
        runner.log_tail()
    );
}

#[test]
fn a_machine_keeps_its_sandboxes_through_everything() {
    let platform = platform();
    let (api, cli) = (platform.api(), Cli::of(&platform));
    let region = make_region(&api, "lab");
    let reachable = |wanted: &str| {
        until(&format!("the region is {wanted}"), || {
            let seen = api.get(&format!("/regions/{region}"));
            if seen.json["reachability"] == wanted {
                Ok(())
            } else {
                Err(seen.text)
            }
        });
    };
    reachable("no-runners");
    // It reports, but its connection leads nowhere: nobody could use a sandbox of it.
    let mut alone = RunnerProcess::start(&platform, &region, "alone", &["--front-url", "http://127.0.0.1:1"]);
    reachable("unreachable");
    alone.kill();
    // Nothing is placed on a machine that is known to be silent.
    alone.wait_until(SOON, "known to be away", |now| now["verdict"]["name"] == "disconnected");
    let mut runner = RunnerProcess::start(&platform, &region, "machine", &[]);
    reachable("reachable");
    let sandboxes: Vec<Value> = (0..3).map(|_| api.create(&json!({ "target": region }))).collect();
    let write = |sandbox: &Value| {
        let wrote = api.exec(sandbox, &format!("echo {} > mine", id(sandbox)));
        assert_eq!(wrote.json["exitCode"], 0, "{}", wrote.text);
    };
    let intact = |sandbox: &Value| {
        let expected = format!("{}\n", id(sandbox));
        until("the file is there", || {
            let read = api.exec(sandbox, "cat mine");
            if read.json["result"] == expected {
                Ok(())
            } else {
                Err(read.text)
            }
        });
    };
    sandboxes.iter().for_each(write);
    let stopped = api.post(&format!("/sandbox/{}/stop", id(&sandboxes[2])), &json!({}));
    assert_eq!(stopped.json["state"], "stopped", "{}", stopped.text);

    // Power goes: the journal knows them.
    runner.kill();
    let away = api.exec(&sandboxes[0], "true");
    assert!(
        (400..600).contains(&away.status) && away.json["message"].is_string(),
        "{}",
        away.text
    );
    reachable("no-runners");
    runner.run();
    reachable("reachable");
    sandboxes[..2].iter().for_each(&intact);
    let still = api.get(&format!("/sandbox/{}", id(&sandboxes[2])));
    assert_eq!(still.json["state"], "stopped", "{}", still.text);

    // A clean end, and a start.
    assert_eq!(runner.stop(), Some(0), "{}", runner.log_tail());
    runner.run();
    runner.wait_until(SOON, "connected", |now| now["connected"] == true);
    sandboxes[..2].iter().for_each(&intact);

    // Draining takes nothing new, and stops what is started because that was asked for.
    cli.ok(&["runner", "drain", "machine", "--stop-started"]);
    let refused = api.post("/sandbox", &json!({ "target": region }));
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (400, &json!("NO_RUNNER_AVAILABLE")),
        "{}",
        refused.text
    );
    for sandbox in &sandboxes {
        until("it is stopped", || {
            let now = api.get(&format!("/sandbox/{}", id(sandbox)));
            if now.json["state"] == "stopped" {
                Ok(())
            } else {
                Err(now.text)
            }
        });
    }
    // A runner with sandboxes stays, and so does a region with runners.
    let early = cli.refused(1, &["runner", "delete", "machine"]);
    assert!(early.contains("unschedulable"), "{early}");
    cli.ok(&["runner", "unschedule", "machine"]);
    let early = cli.refused(1, &["runner", "delete", "machine"]);
    assert!(early.contains("without sandboxes"), "{early}");
    let early = cli.refused(1, &["region", "delete", "lab"]);
    assert!(early.contains("runner"), "{early}");
    for sandbox in &sandboxes {
        assert_eq!(api.delete(&format!("/sandbox/{}", id(sandbox))).status, 200);
    }
    until("the machine is empty", || {
        let left = std::fs::read_dir(runner.data.join("sandboxes")).map_or(0, Iterator::count);
        if left == 0 { Ok(()) } else { Err(format!("{left} left")) }
    });
    until("the runner is deleted", || {
        let ran = cli.run(&["runner", "delete", "machine"]);
        if ran.code == 0 { Ok(()) } else { Err(ran.err) }
    });
    cli.ok(&["runner", "unschedule", "alone"]);
    cli.ok(&["runner", "delete", "alone"]);
    cli.ok(&["region", "delete", "lab"]);
}

#[test]
fn keys_stay_away_from_runners_and_components_come_to_them() {
    let platform = platform();
    let (api, cli) = (platform.api(), Cli::of(&platform));
    let region = make_region(&api, "lab");
    let runner = RunnerProcess::start(&platform, &region, "machine", &[]);
    let sandbox = api.create(&json!({ "target": region }));
    let key = api.post(
        "/api-keys",
        &json!({"name": "dies", "permissions": ["write:sandboxes"]}),
    );
    let value = key.json["value"].as_str().unwrap_or_default().to_owned();
    let caller = api.with_key(&value);
    for number in 0..20 {
        let answer = caller.exec(&sandbox, &format!("echo {number}"));
        assert_eq!(answer.json["result"], format!("{number}\n"), "{}", answer.text);
    }
    // The machine's memory holds its own token, and neither of the keys that called through it.
    let found = in_memory(runner.pid(), &[&runner.token, &value, &platform.api_key]);
    assert_eq!(
        found,
        [true, false, false],
        "its token, a caller's key, the operator's key"
    );

    assert_eq!(api.delete("/api-keys/dies").status, 204);
    let revoked = Instant::now();
    while caller.exec(&sandbox, "true").status != 401 {
        assert!(
            revoked.elapsed() < Duration::from_secs(1),
            "a revoked key is good for longer than a second"
        );
    }

    // A component of its own decides from now on; what runs goes on.
    let session = format!("{}/process/session", Api::toolbox(&sandbox));
    assert!(api.post(&session, &json!({"sessionId": "s"})).status < 300);
    let say = |command: &str| api.post(&format!("{session}/s/exec"), &json!({ "command": command }));
    assert_eq!(say("x=before").json["exitCode"], 0);
    let directory = tempfile::tempdir().expect("a directory");
    let [good, other, text] = ["good.wasm", "other.wasm", "text.wasm"].map(|name| directory.path().join(name));
    let mut bytes = std::fs::read(root().join("target/components/runner.wasm")).expect("the component");
    // A custom section makes it another component that decides the same.
    bytes.extend_from_slice(b"\x00\x05\x04mine");
    std::fs::write(&good, &bytes).expect("written");
    std::fs::copy(root().join("target/components/region.wasm"), &other).expect("copied");
    std::fs::write(&text, "root:x:0:0").expect("written");
    let push =
        |file: &std::path::Path| cli.run(&["runner", "component", "push", "machine", &file.display().to_string()]);
    let pushed = push(&good);
    assert_eq!(pushed.code, 0, "{pushed:#?}");
    let kept = std::fs::read(runner.data.join("component.wasm")).unwrap_or_default();
    assert_eq!(kept, bytes, "it is used after a restart, too");
    for (file, code) in [(&other, "COMPONENT_WRONG_WORLD"), (&text, "COMPONENT_INVALID")] {
        let refused = push(file);
        assert_eq!(refused.code, 1, "{refused:#?}");
        assert!(refused.err.contains(code), "{refused:#?}");
        assert!(
            !refused.err.contains(&runner.data.display().to_string()),
            "paths of the machine: {refused:#?}"
        );
    }
    assert_eq!(
        std::fs::read(runner.data.join("component.wasm")).unwrap_or_default(),
        bytes,
        "rolled back"
    );
    let answer = say("echo $x");
    assert!(answer.text.contains("before"), "the session went on: {}", answer.text);
    let more = api.create(&json!({ "target": region }));
    assert_eq!(api.exec(&more, "echo decided").json["result"], "decided\n");

    let metrics = cli.ok(&["runner", "metrics", "machine"]);
    for name in ["# TYPE", "sandbar_"] {
        assert!(metrics.contains(name), "no {name} in\n{metrics}");
    }
    assert!(
        !metrics.contains(id(&sandbox)),
        "labels are bounded: no sandbox in\n{metrics}"
    );
    let foreign = api
        .with_key(&runner.token)
        .get(&format!("/runners/{}/metrics", runner.id));
    assert!(
        matches!(foreign.status, 401 | 403),
        "{} {}",
        foreign.status,
        foreign.text
    );
}

/// Which of the texts are somewhere in a process's memory.
fn in_memory(pid: u32, texts: &[&str]) -> Vec<bool> {
    use std::os::unix::fs::FileExt;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("its maps");
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).expect("its memory");
    let mut found = vec![false; texts.len()];
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (Some(range), Some(mode)) = (words.next(), words.next()) else {
            continue;
        };
        let Some((from, to)) = range.split_once('-').filter(|_| mode.starts_with("rw")) else {
            continue;
        };
        let (Ok(from), Ok(to)) = (u64::from_str_radix(from, 16), u64::from_str_radix(to, 16)) else {
            continue;
        };
        // Reserved address space of instances is not read: it is not there.
        if to - from > 256 << 20 {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
        if memory.read_exact_at(&mut bytes, from).is_err() {
            continue;
        }
        for (found, text) in found.iter_mut().zip(texts) {
            *found |= holds(&bytes, text);
        }
    }
    found
}

/// `sandbar proxy`, ended with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that says what it was sent.
const SERVER: &str = r#"
import socket
s = socket.socket()
s.bind(("127.0.0.1", 8000))
s.listen(8)
while True:
    c, _ = s.accept()
    head = c.recv(65536)
    c.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(head) + head)
    c.close()
"#;

#[test]
fn a_regions_own_proxy_serves_its_toolboxes_and_previews() {
    let platform = platform();
    let api = platform.api();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let origin = format!("http://127.0.0.1:{port}");
    let made = api.post("/regions", &json!({"name": "near", "proxyUrl": origin}));
    assert_eq!(made.status, 201, "{}", made.text);
    let (region, key) = (
        id(&made.json).to_owned(),
        made.json["proxyApiKey"].as_str().unwrap_or_default().to_owned(),
    );
    let log = platform.data.join("proxy.log");
    let proxy = Command::new(binary())
        .args([
            "proxy",
            "--api-url",
            &platform.api_url,
            "--listen",
            &format!("127.0.0.1:{port}"),
        ])
        .env("SANDBAR_PROXY_KEY", &key)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("a log"))
        .spawn()
        .map(Proxy)
        .expect("sandbar proxy starts");
    let runner = RunnerProcess::start(&platform, &region, "machine", &[]);
    runner.wait_until(SOON, "connected", |now| now["connected"] == true);
    let sandbox = api.create(&json!({ "target": region }));
    let base = sandbox["toolboxProxyUrl"].as_str().unwrap_or_default();
    assert!(base.starts_with(&origin), "calls go to the region's proxy: {sandbox}");
    let said = until("a call through the proxy", || {
        let answer = api.exec(&sandbox, "echo through");
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("{} {:?}", answer.text, std::fs::read_to_string(&log)))
        }
    });
    assert_eq!(said.json["result"], "through\n", "{}", said.text);
    let nobody = api.with_key("dtn_nobody").exec(&sandbox, "true");
    assert_eq!(nobody.status, 401, "{}", nobody.text);
    // Sandboxes of other regions are none of this proxy's.
    let other = api.create(&json!({ "target": "us" }));
    let foreign = api.post(
        &format!("{origin}/toolbox/{}/process/execute", id(&other)),
        &json!({"command": "true"}),
    );
    assert!(
        matches!(foreign.status, 403 | 404),
        "{} {}",
        foreign.status,
        foreign.text
    );

    let start = format!("cat > server.py <<'END'\n{SERVER}\nEND\nnohup python3 server.py > server.log 2>&1 &");
    assert_eq!(api.exec(&sandbox, &start).json["exitCode"], 0);
    let preview = api.get(&format!("/sandbox/{}/ports/8000/preview-url", id(&sandbox)));
    let url = preview.json["url"].as_str().unwrap_or_default();
    assert!(url.ends_with(&format!("127.0.0.1:{port}")), "{}", preview.text);
    let token = preview.json["token"].as_str().unwrap_or_default();
    let host = url.trim_start_matches("http://");
    let visitor = api.with_key("").with_header("Host", host);
    let page = until("the preview answers", || {
        let page = visitor.get(&format!("{origin}/page?DAYTONA_SANDBOX_AUTH_KEY={token}"));
        if page.status == 200 {
            Ok(page.text)
        } else {
            Err(format!(
                "{} {} {:?}",
                page.status,
                page.text,
                api.exec(&sandbox, "cat server.log").text
            ))
        }
    });
    assert!(page.starts_with("GET /page"), "{page}");
    assert!(!page.contains(token), "the program inside sees the token: {page}");
    let closed = visitor.get(&format!("{origin}/page"));
    assert!(
        closed.status == 401 || closed.status == 403 || (300..400).contains(&closed.status),
        "{} {}",
        closed.status,
        closed.text
    );
    drop(proxy);
    let away = api.exec(&sandbox, "true");
    assert_eq!(away.status, 0, "there is no other way in: {}", away.text);
}
