//! Behaviours that start, join, await and end other processes.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::bindings::sandbar::process::processes::{
    self, Descriptor, Errno, ExitStatus, OpenFlags, Process, SpawnArguments, null, open, pipe, spawn, stdio,
};
use crate::bindings::wasi::io::poll;

const SELF: &str = "/bin/guest";

fn arguments(words: &[&str]) -> Vec<String> {
    std::iter::once("guest")
        .chain(words.iter().copied())
        .map(str::to_owned)
        .collect()
}

pub struct Start<'a> {
    pub words: &'a [&'a str],
    descriptors: Vec<(u32, &'a Descriptor)>,
    sigpipe: bool,
    pub group: Option<u32>,
    pub ignored: Vec<u32>,
}

impl<'a> Start<'a> {
    pub fn new(words: &'a [&'a str]) -> Self {
        Self {
            words,
            descriptors: Vec::new(),
            sigpipe: true,
            group: None,
            ignored: Vec::new(),
        }
    }

    fn with(mut self, number: u32, descriptor: &'a Descriptor) -> Self {
        self.descriptors.push((number, descriptor));
        self
    }

    pub fn go(self) -> Result<Process, Errno> {
        spawn(&SpawnArguments {
            program: SELF.into(),
            arguments: arguments(self.words),
            environment: std::env::vars().collect(),
            working_directory: None,
            descriptors: self.descriptors,
            sigpipe: self.sigpipe,
            process_group: self.group,
            ignored: self.ignored,
        })
    }
}

pub fn code(status: ExitStatus) -> u32 {
    match status {
        ExitStatus::Exited(code) => code,
        ExitStatus::Signaled(signal) => 128 + signal,
    }
}

pub fn sleep(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// generate | copy | … | count, over so many bytes.
pub fn pipeline(stages: u64, bytes: u64) -> u8 {
    let size = bytes.to_string();
    let mut running = Vec::new();
    let mut previous: Option<Descriptor> = None;
    for stage in 0..stages {
        let words: &[&str] = if stage == 0 {
            &["generate", &size]
        } else if stage + 1 == stages {
            &["count"]
        } else {
            &["copy"]
        };
        let (next, out) = if stage + 1 < stages {
            match pipe() {
                Ok((reader, writer)) => (Some(reader), Some(writer)),
                Err(_) => return 1,
            }
        } else {
            (None, None)
        };
        let mut start = Start::new(words);
        if let Some(reader) = &previous {
            start = start.with(0, reader);
        }
        if let Some(writer) = &out {
            start = start.with(1, writer);
        }
        match start.go() {
            Ok(process) => running.push(process),
            Err(_) => return 2,
        }
        previous = next;
    }
    running.iter().map(|process| code(process.wait())).max().unwrap_or(0) as u8
}

/// yes | head 10; prints both statuses.
pub fn yes_head(ignore: bool) -> u8 {
    let Ok((reader, writer)) = pipe() else { return 1 };
    let mut start = Start::new(&["yes"]).with(1, &writer);
    start.sigpipe = !ignore;
    let Ok(yes) = start.go() else { return 2 };
    let Ok(head) = Start::new(&["head", "10"]).with(0, &reader).go() else {
        return 3;
    };
    drop((reader, writer));
    let head = code(head.wait());
    println!("head={head} yes={}", code(yes.wait()));
    0
}

/// Starts sleepers until refused; prints the number and the reason.
pub fn bomb() -> u8 {
    let mut running = Vec::new();
    loop {
        match Start::new(&["sleep", "60000"]).go() {
            Ok(process) => running.push(process),
            Err(errno) => {
                println!("refused with {} after {}", errno.name(), running.len());
                break;
            }
        }
        if running.len() > 10_000 {
            return 1;
        }
    }
    for process in &running {
        if process.kill(9).is_err() {
            return 2;
        }
    }
    for process in &running {
        if code(process.wait()) != 137 {
            return 3;
        }
    }
    0
}

/// Starts two of itself, for ever.
pub fn fork_bomb() -> u8 {
    loop {
        let _ = Start::new(&["fork-bomb"]).go();
        let _ = Start::new(&["fork-bomb"]).go();
        sleep(1);
    }
}

/// Makes pipes until refused.
pub fn pipes() -> u8 {
    let mut kept = Vec::new();
    loop {
        match pipe() {
            Ok(ends) => kept.push(ends),
            Err(errno) => {
                println!("refused with {} after {}", errno.name(), kept.len());
                return 0;
            }
        }
        if kept.len() > 100_000 {
            return 1;
        }
    }
}

/// A chain of processes, each waiting for the next; the last one sleeps.
pub fn tree(depth: u64) -> u8 {
    if depth == 0 {
        println!("ready");
        sleep(600_000);
        return 0;
    }
    let below = (depth - 1).to_string();
    match Start::new(&["tree", &below]).go() {
        Ok(child) => code(child.wait()) as u8,
        Err(_) => 1,
    }
}

/// Starts a sleeper and ends at once.
pub fn orphan() -> u8 {
    match Start::new(&["sleep", "600000"]).go() {
        Ok(_) => 0,
        Err(_) => 1,
    }
}

/// Prints, starts a child that writes in so many milliseconds, and ends at once.
pub fn leave(millis: u64) -> u8 {
    println!("early");
    u8::from(Start::new(&["delayed", &millis.to_string()]).go().is_err())
}

/// Sleeps, prints and writes `/tmp/late`.
pub fn delayed(millis: u64) -> u8 {
    sleep(millis);
    println!("late");
    u8::from(std::fs::write("/tmp/late", "late").is_err())
}

/// Starts so many children, each for a moment, kills some; for the test of random kills.
pub fn race(rounds: u64) -> u8 {
    for round in 0..rounds {
        let Ok((reader, writer)) = pipe() else { return 1 };
        let first: &[&str] = if round % 2 == 0 { &["yes"] } else { &["spin"] };
        let Ok(one) = Start::new(first).with(1, &writer).go() else {
            continue;
        };
        let Ok(two) = Start::new(&["copy"]).with(0, &reader).with(1, &null()).go() else {
            continue;
        };
        drop((reader, writer));
        sleep(round % 3);
        let _ = one.kill(15);
        one.wait();
        two.wait();
    }
    0
}

/// Starts and awaits so many children, one after another; prints microseconds: median, 99th percentile.
pub fn bench(rounds: u64, what: &str) -> u8 {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        match Start::new(&[what, "0"]).go() {
            Ok(child) if code(child.wait()) == 0 => times.push(start.elapsed().as_micros()),
            _ => return 1,
        }
    }
    times.sort_unstable();
    println!("{} {}", times[times.len() / 2], times[times.len() * 99 / 100]);
    0
}

/// Kills a child that computes and one that waits, and awaits both through one poll.
pub fn kill_child() -> u8 {
    let (Ok(spinner), Ok(sleeper)) = (Start::new(&["spin"]).go(), Start::new(&["sleep", "600000"]).go()) else {
        return 1;
    };
    sleep(20);
    if spinner.try_wait().is_some() || spinner.kill(0).is_err() || spinner.kill(11) != Err(Errno::Invalid) {
        return 2;
    }
    if spinner.kill(15).is_err() || processes::kill(sleeper.pid() as i32, 2).is_err() {
        return 3;
    }
    let (one, two) = (spinner.subscribe(), sleeper.subscribe());
    while spinner.try_wait().is_none() || sleeper.try_wait().is_none() {
        let waiting: Vec<_> = [(&spinner, &one), (&sleeper, &two)]
            .into_iter()
            .filter(|(process, _)| process.try_wait().is_none())
            .map(|(_, pollable)| pollable)
            .collect();
        poll::poll(&waiting);
    }
    println!("{} {}", code(spinner.wait()), code(sleeper.wait()));
    u8::from(spinner.kill(9) != Err(Errno::NoProcess))
}

pub fn kill_self() -> u8 {
    let _ = processes::kill(processes::own_pid() as i32, 15);
    println!("still here");
    0
}

/// Two members of one group, killed as a group.
pub fn group() -> u8 {
    let mut leader = Start::new(&["sleep", "600000"]);
    leader.group = Some(0);
    let Ok(leader) = leader.go() else { return 1 };
    let mut member = Start::new(&["spin"]);
    member.group = Some(leader.pid());
    let Ok(member) = member.go() else { return 2 };
    let listed = processes::processes()
        .iter()
        .filter(|info| info.group == leader.pid())
        .count();
    if processes::kill(-(leader.pid() as i32), 2).is_err() {
        return 3;
    }
    println!("{listed} {} {}", code(leader.wait()), code(member.wait()));
    0
}

/// Reads one byte of standard input, lets a child count the rest.
pub fn share_stdin() -> u8 {
    let Ok(input) = stdio(0).and_then(|descriptor| descriptor.read_stream()) else {
        return 1;
    };
    match input.blocking_read(1) {
        Ok(byte) if byte == b"a" => {}
        _ => return 2,
    }
    match Start::new(&["count"]).go() {
        Ok(child) => code(child.wait()) as u8,
        Err(_) => 3,
    }
}

/// Two children append to one file, then it is read back.
pub fn redirect() -> u8 {
    let write = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let Ok(file) = open("/tmp/out", write) else { return 1 };
    // One description: the second child goes on where the first stopped.
    for word in ["one", "two"] {
        match Start::new(&["echo", word]).with(1, &file).go() {
            Ok(child) if code(child.wait()) == 0 => {}
            _ => return 2,
        }
    }
    let Ok(more) = open("/tmp/out", OpenFlags::APPEND) else {
        return 3;
    };
    match Start::new(&["echo", "three"]).with(1, &more).go() {
        Ok(child) if code(child.wait()) == 0 => {}
        _ => return 4,
    }
    let Ok(input) = open("/tmp/out", OpenFlags::empty()) else {
        return 5;
    };
    let status = Start::new(&["copy"])
        .with(0, &input)
        .go()
        .map(|child| code(child.wait()));
    let mut text = String::new();
    let read = std::fs::File::open("/tmp/out").and_then(|mut file| file.read_to_string(&mut text));
    u8::from(status != Ok(0) || read.is_err() || text != "one\ntwo\nthree\n")
}

fn show<T>(result: Result<T, Errno>) {
    println!("{}", result.map_or_else(|errno| errno.name(), |_| "fine"));
}

/// Each refusal by its own name.
pub fn errors() -> u8 {
    let start = |program: &str, directory: Option<&str>| {
        spawn(&SpawnArguments {
            program: program.into(),
            arguments: vec![program.into()],
            environment: vec![("PATH".into(), "/bin".into())],
            working_directory: directory.map(str::to_owned),
            descriptors: Vec::new(),
            sigpipe: true,
            process_group: None,
            ignored: Vec::new(),
        })
        .map(|child| code(child.wait()))
    };
    show(start("nothing", None));
    show(start("/bin/plain", None));
    show(start("/bin/native", None));
    show(start("/bin", None));
    show(start("loop", None));
    show(start("guest", Some("/nowhere")));
    show(open("/nothing", OpenFlags::READ));
    show(open("/bin", OpenFlags::READ));
    show(open("/bin/guest", OpenFlags::WRITE | OpenFlags::EXCLUSIVE));
    show(stdio(3));
    show(null().dup().read_stream());
    show(processes::kill(99_999, 9));
    show(processes::kill(0, 9));
    0
}
