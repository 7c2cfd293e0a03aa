//! Paths that lead out, through guests and through the file API.

use sandbar_tests::{Api, Platform, Settings};
use serde_json::json;

/// What must never be seen inside.
const CANARY: &str = "canary-7d1f0c52-must-stay-outside";

#[test]
fn no_path_leads_out_of_a_sandbox() {
    let outside = tempfile::tempdir().expect("a directory");
    let canary = outside.path().join("canary");
    std::fs::write(&canary, CANARY).expect("the canary");
    let platform = Platform::start_with(Settings::default());
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let up = format!(
        "{}{}",
        "../".repeat(40),
        canary.display().to_string().trim_start_matches('/')
    );
    let toolbox = Api::toolbox(&sandbox);

    for path in [
        up.clone(),
        format!("/{up}"),
        canary.display().to_string(),
        format!("/home/daytona/{up}"),
        format!("/tmp/./{up}/"),
    ] {
        for command in ["cat", "ls", "python3 -c 'import sys; print(open(sys.argv[1]).read())'"] {
            let answer = api.exec(&sandbox, &format!("{command} '{path}'"));
            assert!(!answer.text.contains(CANARY), "{command} {path}: {}", answer.text);
        }
        let encoded = path.replace('/', "%2F");
        let answer = api.get(&format!("{toolbox}/files/download?path={encoded}"));
        assert!(
            answer.status >= 400 && !answer.text.contains(CANARY),
            "download {path}: {} {}",
            answer.status,
            answer.text
        );
    }

    // A symlink planted by the guest, read and written by guest and host.
    let planted = api.exec(
        &sandbox,
        &format!(
            "ln -s '{}' absolute; ln -s '{up}' relative; ln -s '{}' parent; ls -l",
            canary.display(),
            outside.path().display()
        ),
    );
    assert_eq!(planted.json["exitCode"], 0, "{}", planted.text);
    for link in ["absolute", "relative", "parent/canary"] {
        let answer = api.exec(&sandbox, &format!("cat {link}"));
        assert!(!answer.text.contains(CANARY), "cat {link}: {}", answer.text);
        let answer = api.get(&format!("{toolbox}/files/download?path={}", link.replace('/', "%2F")));
        assert!(
            answer.status >= 400 && !answer.text.contains(CANARY),
            "download {link}: {} {}",
            answer.status,
            answer.text
        );
        api.exec(&sandbox, &format!("echo overwritten > {link}"));
        api.delete(&format!(
            "{toolbox}/files?path={}&recursive=true",
            link.replace('/', "%2F")
        ));
        assert_eq!(
            std::fs::read_to_string(&canary).expect("the canary is still there"),
            CANARY,
            "through {link}"
        );
    }
    assert_eq!(api.exec(&sandbox, "echo alive").json["result"], "alive\n");
}

#[test]
fn the_machine_is_not_visible() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let answer = api.exec(
        &sandbox,
        "env; cat /etc/hostname /etc/passwd /proc/self/environ /proc/1/cmdline 2>&1; ls -la /",
    );
    for secret in [platform.api_key.as_str(), platform.data.to_str().unwrap_or("?")] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    for (name, value) in std::env::vars().filter(|(name, value)| name.starts_with("CARGO") && value.len() > 8) {
        assert!(
            !answer.text.contains(&value),
            "{name} of the host is inside: {}",
            answer.text
        );
    }
}
