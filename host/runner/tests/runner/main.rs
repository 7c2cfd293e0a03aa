//! A runner between a plane that only this test speaks for and a real cell, with the real component and userland.
//!
//! The cell is this very program, started again as `<exe> cell ...`; hence a `main` of its own.

mod cases;
mod components;
mod leases;
mod plane;

use libtest_mimic::{Arguments, Trial};
use sandbar_cell::CellConfig;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// No case takes a tenth of this, except the first one on a machine whose userland was never compiled.
const LONGEST_CASE: Duration = Duration::from_secs(300);

type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

macro_rules! cases {
    ($($name:path),* $(,)?) => {
        [$((stringify!($name), || Box::pin($name()) as Pin<Box<dyn Future<Output = ()>>>)),*]
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
        Some(sandbar_runner::compiler::SERVER) => sandbar_runner::compiler::serve_main(arguments.skip(1)),
        Some(sandbar_runner::component::SUBCOMMAND) => sandbar_runner::component::compile_main(arguments.skip(1)),
        Some("runner") => {
            let arguments: Vec<PathBuf> = arguments.skip(1).map(PathBuf::from).collect();
            run(cases::be_a_runner(&arguments));
            ExitCode::SUCCESS
        }
        _ => test(),
    }
}

fn test() -> ExitCode {
    let cases: [Case; 13] = cases![
        cases::a_sandbox_from_create_to_destroy,
        cases::calls_without_a_valid_seal_are_refused,
        cases::a_cell_that_dies_is_replaced,
        cases::a_restart_finds_its_sandboxes,
        cases::rows_of_the_plane_replace_a_lost_journal,
        cases::a_lost_plane_is_found_again,
        cases::the_cell_ends_with_its_runner,
        leases::a_runner_that_slept_past_its_lease_acknowledges_nothing,
        leases::a_newer_process_ends_the_older_and_another_directory_is_refused,
        leases::what_is_disowned_is_removed,
        leases::websockets_reach_the_cell,
        components::another_component_takes_over_and_a_broken_one_does_not,
        components::a_pushed_component_is_used_at_the_next_start,
    ];
    let trials = cases.map(|(name, case)| {
        // Names of modules are of no interest to whoever reads the list.
        let name = name.rsplit("::").next().unwrap_or(name).trim();
        Trial::test(name, move || {
            let bounded = async { tokio::time::timeout(LONGEST_CASE, case()).await };
            run(bounded).map_err(|_| format!("not done after {LONGEST_CASE:?}").into())
        })
    });
    // One after the other: each case counts the children of this process.
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials.into()).exit_code()
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
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let path = match (path.strip_prefix("components/"), std::env::var_os("SANDBAR_COMPONENTS")) {
        (Some(component), Some(elsewhere)) => Path::new(&elsewhere).join(component),
        _ => target.join(path),
    };
    assert!(
        path.exists(),
        "{} is missing: build it with `cargo xtask up`, or run `cargo xtask test`",
        path.display()
    );
    path
}
