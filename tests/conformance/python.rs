//! The PyPI SDK. Each scenario is a program in `python/`, run as its users would run theirs.

use sandbar_tests::{Mirror, Platform, Settings, root, run_program};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

fn interpreter() -> PathBuf {
    match std::env::var_os("SANDBAR_SDK_PYTHON") {
        Some(directory) => PathBuf::from(directory).join("bin/python"),
        None => root().join("target/sdk/python/bin/python"),
    }
}

fn scenario(name: &str) {
    scenario_with(name, Settings::default(), &[]);
}

fn scenario_with(name: &str, settings: Settings, variables: &[(&str, String)]) {
    let platform = Platform::start_with(settings);
    let script = root().join("tests/conformance/python").join(name);
    let finished = run_program(
        &platform,
        Command::new(interpreter())
            .arg("-u")
            .arg(script)
            .envs(variables.iter().map(|(name, value)| (name, value))),
        Duration::from_secs(180),
    );
    assert_eq!(
        finished.code,
        Some(0),
        "{name} after {:?}:\n{}\n--- platform\n{}",
        finished.took,
        finished.output,
        platform.log_tail()
    );
}

#[test]
fn code_runs_with_values_tracebacks_environment_and_arguments() {
    scenario("code_run.py");
}

#[test]
fn a_ten_line_script_with_pipes_and_a_loop_runs() {
    scenario("exec.py");
}

#[test]
fn files_go_both_ways() {
    scenario("files.py");
}

#[test]
fn a_sandbox_lives_its_life() {
    scenario("lifecycle.py");
}

#[test]
fn errors_arrive_as_the_sdks_classes() {
    scenario("errors.py");
}

#[test]
fn the_asynchronous_client_works_too() {
    scenario("asynchronous.py");
}

#[test]
fn sessions_remember_stream_and_take_input() {
    scenario("sessions.py");
}

#[test]
fn a_terminal_is_lost_and_found() {
    scenario("terminal.py");
}

#[test]
fn the_interpreter_remembers() {
    scenario("interpreter.py");
}

#[test]
fn executions_outlive_their_client() {
    scenario("executions.py");
}

#[test]
fn regions_and_runners_speak_with_the_generated_client() {
    scenario("regions_and_runners.py");
}

#[test]
fn organizations_and_keys_speak_with_the_generated_client() {
    scenario("organizations.py");
}

#[test]
fn lists_come_in_pages() {
    scenario("lists.py");
}

#[test]
fn every_method_for_files_works() {
    scenario("files_all.py");
}

#[test]
fn keys_at_a_terminal_do_what_people_expect() {
    scenario("terminal_keys.py");
}

#[test]
fn previews_open_to_whom_they_should() {
    scenario("previews.py");
}

#[test]
fn settings_change_while_a_sandbox_lives() {
    scenario("settings.py");
}

#[test]
fn images_are_built_from_what_the_image_class_says() {
    scenario("images.py");
}

#[test]
fn uploads_belong_to_their_organization() {
    scenario("uploads.py");
}

#[test]
fn snapshots_are_taken_and_started_from() {
    scenario("snapshots.py");
}

#[test]
fn volumes_are_shared_and_kept() {
    scenario("volumes.py");
}

#[test]
fn language_servers_know_symbols_and_completions() {
    scenario("lsp.py");
}

#[test]
fn the_way_out_changes_while_a_sandbox_runs() {
    let (opened, closed) = (Mirror::start("mirror"), Mirror::start("closed"));
    let settings = Settings {
        arguments: vec!["--egress-allow".to_owned(), opened.address.to_string()],
        ..Settings::default()
    };
    let variables = [
        ("MIRROR", opened.address.to_string()),
        ("CLOSED", closed.address.to_string()),
    ];
    scenario_with("network.py", settings, &variables);
    assert_eq!(closed.asked(), 0, "what the operator did not open was reached");
}

#[test]
fn git_clones_commits_merges_and_pushes() {
    // A port that is free now; the scenario's own server takes it.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let settings = Settings {
        arguments: vec!["--egress-allow".into(), format!("127.0.0.1:{port}")],
        ..Settings::default()
    };
    scenario_with("git.py", settings, &[("GIT_SERVER_PORT", port.to_string())]);
}
