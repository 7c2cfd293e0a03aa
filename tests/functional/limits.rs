//! Each limit of a sandbox, crossed from inside: what a program is told is what Linux would have said.

use sandbar_tests::{Api, Platform, Reply};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A sandbox of the least size that can be had.
fn small(api: &Api) -> Value {
    api.create(&json!({ "cpu": 1, "memory": 1, "disk": 1 }))
}

fn run(api: &Api, sandbox: &Value, command: &str) -> Reply {
    let reply = api.exec_with(sandbox, json!({ "command": command, "timeout": 60 }));
    assert_eq!(reply.status, 200, "{command}: {}", reply.text);
    reply
}

fn text(reply: &Reply) -> &str {
    reply.json["result"].as_str().unwrap_or_default()
}

/// Runs Python that is to meet `OSError`; its name and number of rounds before.
fn errno(api: &Api, sandbox: &Value, prepare: &str, round: &str) -> (String, u64) {
    let code = format!(
        "import errno, os\nkept = []\n{prepare}\nn = 0\ntry:\n    while n < 1_000_000:\n        {round}\n        n += 1\nexcept OSError as error: print(errno.errorcode[error.errno], n)\n"
    );
    let reply = run(
        api,
        sandbox,
        &format!("cat > /tmp/try.py <<'END'\n{code}\nEND\npython3 /tmp/try.py"),
    );
    let (name, count) = text(&reply)
        .trim()
        .split_once(' ')
        .unwrap_or_else(|| panic!("no error: {}", reply.text));
    (name.to_owned(), count.parse().expect("a number"))
}

#[test]
fn memory_is_refused_as_memory() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = small(&api);
    let one = run(
        &api,
        &sandbox,
        "python3 -c 'x = []\nwhile True: x.append(bytearray(16 << 20))'",
    );
    assert_eq!(one.json["exitCode"], 1, "{}", one.text);
    assert!(text(&one).contains("MemoryError"), "{}", one.text);
    // Summed over all processes: the fourth of 300 MiB finds no room, in words of Linux, and the others are well.
    let many = run(
        &api,
        &sandbox,
        "for n in 1 2 3 4; do python3 -c 'import time\ntry: x = bytearray(300 << 20); time.sleep(3); print(\"had\")\nexcept MemoryError: print(\"none\")' & done; wait",
    );
    let (had, none) = (text(&many).matches("had").count(), text(&many).matches("none").count());
    let refused = text(&many).matches("Cannot allocate memory").count();
    assert!(
        had >= 1 && none + refused >= 1 && had + none + refused == 4,
        "{}",
        many.text
    );
    assert_eq!(text(&run(&api, &sandbox, "echo alive")), "alive\n");
}

#[test]
fn processes_and_open_files_end() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({ "memory": 8 }));
    let bomb = run(
        &api,
        &sandbox,
        "for i in $(seq 400); do sleep 2 & done 2>&1 | sort | uniq -c; wait",
    );
    assert!(
        text(&bomb).contains("Resource temporarily unavailable"),
        "{}",
        bomb.text
    );
    let (name, count) = errno(&api, &sandbox, "", "kept.append(open('/etc/passwd'))");
    assert_eq!(name, "EMFILE");
    assert!((1000..=4096).contains(&count), "{count} files");
    assert_eq!(
        text(&run(&api, &sandbox, "cat /etc/passwd > /dev/null && echo fine")),
        "fine\n"
    );
}

#[test]
fn the_disk_is_full_as_linux_says_it() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = small(&api);
    run(&api, &sandbox, "echo kept > kept; mkdir d");
    let (name, _) = errno(
        &api,
        &sandbox,
        "f = open('grown', 'wb')",
        "os.ftruncate(f.fileno(), 2 << 30)",
    );
    assert_eq!(name, "ENOSPC");
    let (name, count) = errno(
        &api,
        &sandbox,
        "f = open('big', 'wb', buffering=0); block = bytes(1 << 20)",
        "f.write(block)",
    );
    assert_eq!(name, "ENOSPC");
    assert!((1000..1024).contains(&count), "{count} MiB fit into a disk of 1 GiB");
    // What makes new blocks of the tree itself is refused too, with the file before kept as it was.
    let shell = run(
        &api,
        &sandbox,
        "cat /etc/passwd /etc/passwd >> kept; mkdir d/1 d/2 d/3 && head -c 100000 /dev/zero > d/y",
    );
    assert_ne!(shell.json["exitCode"], 0, "{}", shell.text);
    let says = ["No space left on device", "I/O error", "Input/output error"];
    assert!(says.iter().any(|words| text(&shell).contains(words)), "{}", shell.text);
    // Nothing is lost, the toolbox says it as well, and room can be made again.
    let up = api.send(
        "POST",
        &format!("{}/files/upload-v2?path=up", Api::toolbox(&sandbox)),
        Some(vec![7; 4 << 20]),
    );
    assert!(
        up.status >= 400 && up.text.contains("DISK_QUOTA_EXCEEDED"),
        "{} {}",
        up.status,
        up.text
    );
    let after = run(
        &api,
        &sandbox,
        "head -n 1 kept; rm big; cp /etc/passwd d/copy && cmp /etc/passwd d/copy && echo room",
    );
    assert_eq!(text(&after), "kept\nroom\n", "{}", after.text);
}

#[test]
fn trees_have_a_deepest_place_and_names_a_length() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = small(&api);
    let (name, depth) = errno(&api, &sandbox, "", "os.mkdir('d'); os.chdir('d')");
    assert_eq!(name, "ENAMETOOLONG");
    assert!((100..=256).contains(&depth), "{depth}");
    assert_eq!(errno(&api, &sandbox, "", "open('n' * 256, 'w')").0, "ENAMETOOLONG");
    assert_eq!(
        errno(&api, &sandbox, "os.symlink('loop', 'loop')", "open('loop')").0,
        "ELOOP"
    );
    let gone = run(&api, &sandbox, "rm -r d loop && ls");
    assert_eq!(text(&gone), "", "{}", gone.text);
}

#[test]
fn the_output_of_a_command_ends_with_a_reason() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = small(&api);
    let started = Instant::now();
    let reply = api.exec_with(&sandbox, json!({ "command": "yes", "timeout": 60 }));
    assert!(reply.text.len() < 32 << 20, "{} bytes", reply.text.len());
    assert!(
        reply.text.contains("limit"),
        "{}",
        &reply.text[reply.text.len().saturating_sub(300)..]
    );
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn one_cpu_is_one_cpu_however_many_compute() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = small(&api);
    let before = cpu_time(platform.pid());
    let started = Instant::now();
    let reply = api.exec_with(
        &sandbox,
        json!({ "command": "for n in 1 2 3 4; do while :; do :; done & done; sleep 3; kill -9 $(jobs -p); wait", "timeout": 20 }),
    );
    let (used, wall) = (cpu_time(platform.pid()) - before, started.elapsed());
    // The platform itself takes some; a second CPU's worth it is not.
    assert!(
        used < wall.mul_f64(1.3) + Duration::from_millis(300),
        "{used:?} of CPU time in {wall:?}: {}",
        reply.text
    );
}

/// CPU time of a process and its living children.
fn cpu_time(root: u32) -> Duration {
    let (mut ticks, mut left) = (0_u64, vec![root]);
    while let Some(pid) = left.pop() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        ticks += fields
            .iter()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum::<u64>();
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            left.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
        }
    }
    // USER_HZ is 100 on every Linux that runs here.
    Duration::from_millis(ticks * 10)
}
