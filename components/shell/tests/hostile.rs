//! Hostile scripts: whatever the text, the shell ends by itself, with an exit code and no panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Mutated scripts per test.
const ROUNDS: usize = 400;

/// Longer than a script without a loop needs; one with a loop is ended here, which is no failure.
const DEADLINE: Duration = Duration::from_secs(10);

/// The exit code of a guest that panicked (see the guest runtime).
const PANIC: i32 = 134;

/// xorshift: the seed is printed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let seed = std::env::var("FUZZ_SEED")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or_else(|| u64::from(std::process::id()) << 20 | 0x5EED);
        eprintln!("FUZZ_SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n.max(1)).expect("small")).expect("small")
    }
}

/// Texts that shells stumble over.
const TOKENS: [&str; 44] = [
    "${",
    "}",
    "$((",
    "))",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "\\",
    "\n",
    ";",
    ";;",
    "&&",
    "||",
    "|",
    "&",
    "(",
    "{",
    "[[",
    "]]",
    "[",
    "]",
    "((",
    "case x in",
    "esac",
    "if",
    "fi",
    "do",
    "done",
    "<<E\n",
    "<<<",
    "#",
    "!",
    "~",
    "*",
    "{1..9}",
    "{a,b",
    "$'\\x",
    "${x//",
    "${!",
    "=~ (",
    "99999999999999999999",
    "\u{10FEFF}",
];

fn corpus(groups: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = groups
        .iter()
        .flat_map(|group| fs::read_dir(root.join(group)).expect("a group of cases"))
        .map(|file| file.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "sh"))
        .collect();
    files.sort();
    files.iter().map(|f| fs::read_to_string(f).expect("text")).collect()
}

fn mutate(text: &str, other: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(6) {
        let at = random.below(chars.len() + 1);
        match random.below(5) {
            0 => {
                let end = (at + random.below(8)).min(chars.len());
                chars.drain(at..end);
            }
            1 | 2 => {
                let token = TOKENS[random.below(TOKENS.len())];
                chars.splice(at..at, token.chars());
            }
            3 => {
                let end = (at + random.below(20)).min(chars.len());
                let copy: Vec<char> = chars[at..end].to_vec();
                let to = random.below(chars.len() + 1);
                chars.splice(to..to, copy);
            }
            _ => {
                let cut: Vec<char> = other.chars().skip(random.below(40)).take(random.below(40)).collect();
                chars.splice(at..at, cut);
            }
        }
    }
    chars.into_iter().filter(|c| *c != '\0').collect()
}

/// How the shell ended; none if it had to be ended.
fn run(arguments: &[&str]) -> Option<ExitStatus> {
    let work = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_shell"))
        .args(arguments)
        .current_dir(work.path())
        .env_clear()
        .env("PATH", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the shell starts");
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().expect("waiting works") {
            return Some(status);
        }
        if Instant::now() > end {
            child.kill().expect("it can be killed");
            child.wait().expect("waiting works");
            return None;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
}

fn assert_ends_well(status: Option<ExitStatus>, script: &str) {
    if let Some(status) = status {
        let code = status.code();
        assert!(code.is_some_and(|c| c != PANIC), "{status:?} for:\n{script}");
    }
}

#[test]
fn the_parser_survives_mutated_scripts() {
    let all = corpus(&[
        "quoting",
        "expansion",
        "glob",
        "control",
        "redirect",
        "arrays",
        "builtins",
        "programs",
    ]);
    let mut random = Random::from_environment();
    for _ in 0..ROUNDS {
        let (a, b) = (random.below(all.len()), random.below(all.len()));
        let script = mutate(&all[a], &all[b], &mut random);
        let status = run(&["-n", "-c", &script]);
        assert!(status.is_some(), "parsing does not end:\n{script}");
        assert_ends_well(status, &script);
    }
}

#[test]
fn expansion_survives_mutated_scripts() {
    let all = corpus(&["quoting", "expansion", "arrays"]);
    let mut random = Random::from_environment();
    let mut ran = 0;
    while ran < ROUNDS / 2 {
        let (a, b) = (random.below(all.len()), random.below(all.len()));
        let script = mutate(&all[a], &all[b], &mut random);
        // Nothing that could touch the machine of whoever runs this test.
        if script.contains(['>', '<', '/']) || script.contains("kill") || script.contains("exec") {
            continue;
        }
        ran += 1;
        assert_ends_well(run(&["-c", &script]), &script);
    }
}

#[test]
fn bombs_end_with_an_error() {
    let nested = |open: &str, close: &str| format!("echo {}1{}", open.repeat(5000), close.repeat(5000));
    let scripts = [
        "f() { f; }; f".to_owned(),
        "f() { eval f; }; f".to_owned(),
        "f() { (f); }; f; exit 1".to_owned(),
        "f() { x=$(f); return 1; }; f".to_owned(),
        "f() { f | f; return 1; }; f".replace("f | f", "f | :"),
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done".to_owned(),
        "x=a; while :; do x+=$x; done".to_owned(),
        "echo {1..999999999999}".to_owned(),
        "echo {1..1000}{1..1000}{1..1000}".to_owned(),
        "x=x; echo $((x))".to_owned(),
        "shopt -s expand_aliases\nalias a='b b' b='c c' c='a a'\na".to_owned(),
        "shopt -s expand_aliases\nalias a='a a a a '\na a a a".to_owned(),
        format!(
            "shopt -s expand_aliases\nalias a='{0} ' \na a a a a a a",
            "nope ".repeat(20_000)
        ),
        "f() { trap f ERR; false; return 1; }; f".to_owned(),
        "f() { : < <(f); return 1; }; f".to_owned(),
        "f() { coproc f; return 1; }; f".to_owned(),
        "set -x; PS4='$(set -x; :; nope)'; f() { f; }; f 2> /dev/null".to_owned(),
        "while select x in a; do :; done; false".to_owned(),
        "x=y; y=x; echo $((x + y))".to_owned(),
        "declare -n a=b; declare -n b=a; a=1; echo $a; exit 1".to_owned(),
        "x=$(printf 'a%.0s' {1..3000}); [[ $x == *a*a*a*a*a*a*a*a*b ]]".to_owned(),
        "shopt -s extglob; x=$(printf 'a%.0s' {1..300}); [[ $x == +(a|+(a|aa))b ]]".to_owned(),
        nested("$((", "))"),
        nested("$(echo ", ")"),
        nested("${x:-", "}"),
        nested("\"$(", ")\""),
        format!("(({}1{}))", "(".repeat(20_000), ")".repeat(20_000)),
        format!("[[ {} x ]]", "! ".repeat(20_000)),
        format!("{} echo {}", "( ".repeat(5000), " )".repeat(5000)),
        format!("{} {}", "if true; then ".repeat(5000), "fi; ".repeat(5000)),
    ];
    for script in scripts {
        let shown: String = script.chars().take(60).collect();
        let status = run(&["-c", &script]).unwrap_or_else(|| panic!("does not end: {shown}"));
        assert!(
            status.code().is_some_and(|c| c != 0 && c != PANIC),
            "{status:?} for: {shown}"
        );
    }
}
