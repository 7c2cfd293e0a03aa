//! The platform inside another program: start it, run Python in a sandbox, stop.
//!
//! `cargo run --release -p sandbar --example embed` in a checkout where `cargo xtask build` has run.

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use sandbar::{Options, Platform};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Sandboxes live in child processes, and so do the compilers; here each child is this very program.
    let mut arguments = std::env::args_os().skip(1);
    if let Some(code) = arguments
        .next()
        .and_then(|first| sandbar::child_main(&first, arguments))
    {
        return code;
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let data = tempfile::tempdir().expect("a directory");
        let options = Options::new(data.path())
            .region("lab")
            .listen(([127, 0, 0, 1], 0).into());
        let platform = Platform::start(options, &|step| eprintln!("{step}"))
            .await
            .expect("the platform");
        let made = platform
            .call("POST", "/api/sandbox", r#"{"target": "lab"}"#)
            .await
            .expect("a sandbox");
        let id = made["id"].as_str().expect("an id").to_owned();
        let run = r#"{"language": "python", "code": "print(6 * 7)"}"#;
        let answer = platform
            .call("POST", &format!("/toolbox/{id}/process/code-run"), run)
            .await
            .expect("an answer");
        println!("{}", answer["result"].as_str().expect("text").trim());
        platform.shutdown().await;
    });
    ExitCode::SUCCESS
}
