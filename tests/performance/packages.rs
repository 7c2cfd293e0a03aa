//! Installing a small Python package from a file, inside a sandbox and beside it by this machine's own pip.

use crate::stats::Samples;
use crate::{Plan, native, say};
use sandbar_tests::{Platform, root};
use serde_json::json;

/// Both install this wheel into a fresh directory.
const PROJECT: &str = "six";

pub fn measure(platform: &Platform, plan: &Plan) {
    let packages = root().join("target/sdk/packages");
    let wheel = std::fs::read_dir(&packages).ok().and_then(|entries| {
        entries.filter_map(Result::ok).map(|entry| entry.path()).find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("six-"))
        })
    });
    let Some(wheel) = wheel else {
        return say("packages: none in target/sdk/packages; `cargo xtask test` downloads them");
    };
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let hex: String = std::fs::read(&wheel)
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let put = format!("python3 -c 'open(\"{name}\", \"wb\").write(bytes.fromhex(\"{hex}\"))'");
    assert_eq!(api.exec(&sandbox, &put).json["exitCode"], 0, "writing the wheel");

    let (mut version, mut inside, mut venv) = (Samples::default(), Samples::default(), Samples::default());
    let count = plan.samples(50);
    for number in 0..count {
        let ok = |command: &str| {
            let answer = api.exec(&sandbox, command);
            assert_eq!(answer.json["exitCode"], 0, "{command}: {}", answer.text);
        };
        version.time(|| ok("pip --version"));
        inside.time(|| {
            ok(&format!(
                "pip install -q --no-index --find-links . -t t{number} {PROJECT}"
            ))
        });
        venv.time(|| ok(&format!("python3 -m venv v{number}")));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mut outside = Samples::default();
    let packages = packages.display().to_string();
    for number in 0..plan.samples(10) {
        let target = format!("t{number}");
        let arguments = [
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-index",
            "--find-links",
            &packages,
            "-t",
            &target,
            PROJECT,
        ];
        let done = outside.time(|| native::run("python3", &arguments, directory.path()));
        if !done {
            say("packages: this machine's python3 has no pip that installs");
            break;
        }
    }
    say(&format!("pip --version, sandbox           {version}"));
    say(&format!("pip install of a wheel, sandbox  {inside}"));
    say(&format!("pip install of a wheel, native   {outside}"));
    say(&format!("python3 -m venv, sandbox         {venv}"));
}
