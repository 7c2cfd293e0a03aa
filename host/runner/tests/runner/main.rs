//! A runner between a plane that only this test speaks for and a real cell, with the real component and userland.
//!
//! The cell is this very program, started again as `<exe> cell ...`; hence no ordinary test harness. Arguments that begin
//! with no dash choose cases by name.

mod cases;
mod plane;

use sandbar_cell::CellConfig;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// No case takes a tenth of this, except the first one on a machine whose userland was never compiled.
const LONGEST_CASE: Duration = Duration::from_secs(300);

type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        [$((stringify!($name), || Box::pin(cases::$name()) as Pin<Box<dyn Future<Output = ()>>>)),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    match arguments.peek().and_then(|argument| argument.to_str()) {
        Some("cell") => match CellConfig::from_arguments(arguments.skip(1)) {
            Ok(config) => sandbar_cell::main(config),
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Some("runner") => {
            let arguments: Vec<PathBuf> = arguments.skip(1).map(PathBuf::from).collect();
            run(cases::be_a_runner(&arguments));
            ExitCode::SUCCESS
        }
        _ => test(),
    }
}

fn test() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let cases: [Case; 7] = cases![
        a_sandbox_from_create_to_destroy,
        calls_without_a_valid_seal_are_refused,
        a_cell_that_dies_is_replaced,
        a_restart_finds_its_sandboxes,
        rows_of_the_plane_replace_a_lost_journal,
        a_lost_plane_is_found_again,
        the_cell_ends_with_its_runner,
    ];
    let mut failed = 0;
    for (name, case) in cases {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let bounded = async { tokio::time::timeout(LONGEST_CASE, case()).await };
        let ok = matches!(std::panic::catch_unwind(AssertUnwindSafe(|| run(bounded))), Ok(Ok(())));
        eprintln!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        failed += usize::from(!ok);
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A file or directory of the build, or a clear word on how to get it.
fn built(path: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let path = target.join(path);
    assert!(
        path.exists(),
        "{} is missing: build it with `cargo xtask up`, or run `cargo xtask test`",
        path.display()
    );
    path
}
