//! Creating sandboxes and running in them.

use sandbar_tests::{Api, Platform};
use serde_json::json;

#[test]
fn a_sandbox_has_every_required_field() {
    let platform = Platform::start();
    let sandbox = platform
        .api()
        .create(&json!({ "name": "whole", "labels": { "a": "b" }, "env": { "K": "v" } }));
    let required = [
        "id",
        "organizationId",
        "name",
        "user",
        "env",
        "labels",
        "public",
        "networkBlockAll",
        "kvm",
        "target",
        "cpu",
        "gpu",
        "memory",
        "disk",
        "toolboxProxyUrl",
        "desiredState",
        "createdAt",
        "updatedAt",
    ];
    for field in required {
        assert!(!sandbox[field].is_null(), "no {field} in {sandbox}");
    }
    for field in ["cpu", "memory", "disk"] {
        assert!(
            sandbox[field].as_u64().is_some_and(|value| value > 0),
            "{field} in {sandbox}"
        );
    }
    assert_eq!(sandbox["kvm"], false);
    assert_eq!(sandbox["env"], json!({ "K": "v" }));
}

#[test]
fn sandboxes_do_not_see_each_other() {
    let platform = Platform::start();
    let api = platform.api();
    let (one, two) = (api.create(&json!({})), api.create(&json!({})));
    assert_eq!(
        api.exec(&one, "echo secret > /tmp/mine; echo secret > ~/mine").json["exitCode"],
        0
    );
    let seen = api.exec(&two, "ls /tmp ~").json["result"].as_str().map(str::to_owned);
    assert!(seen.as_ref().is_some_and(|seen| !seen.contains("mine")), "{seen:?}");
    assert_eq!(
        api.exec(&two, "rm -rf /usr/bin/ls /etc/passwd; echo done").json["result"],
        "done\n"
    );
    assert_eq!(api.exec(&one, "ls /etc/passwd").json["result"], "/etc/passwd\n");
}

#[test]
fn a_hundred_at_once_all_work() {
    let platform = Platform::start_with(roomy());
    let api = platform.api();
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|number| {
                scope.spawn({
                    let api = api.clone();
                    move || one(&api, number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("panicked".to_owned())))
            .collect()
    });
    let failures: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(
        failures.is_empty(),
        "{} of 100 failed, first: {}",
        failures.len(),
        failures[0]
    );
}

fn one(api: &Api, number: u32) -> Result<(), String> {
    let made = api.post("/sandbox", &json!({}));
    if made.status != 200 || made.json["state"] != "started" {
        return Err(format!("create: {} {}", made.status, made.text));
    }
    let answer = api.exec(&made.json, &format!("echo {number}"));
    if answer.json["result"] != format!("{number}\n") {
        return Err(format!("exec: {} {}", answer.status, answer.text));
    }
    let gone = api.delete(&format!("/sandbox/{}", made.json["id"].as_str().unwrap_or_default()));
    if gone.status == 200 {
        Ok(())
    } else {
        Err(format!("delete: {} {}", gone.status, gone.text))
    }
}

fn roomy() -> sandbar_tests::Settings {
    let arguments = ["--cpu-ratio", "200", "--memory-ratio", "50", "--disk-ratio", "50"]
        .map(str::to_owned)
        .to_vec();
    sandbar_tests::Settings {
        arguments,
        ..Default::default()
    }
}

#[test]
fn deleting_gives_capacity_back() {
    let platform = Platform::start();
    let api = platform.api();
    for _ in 0..60 {
        let sandbox = api.create(&json!({}));
        let gone = api.delete(&format!("/sandbox/{}", sandbox["id"].as_str().unwrap_or_default()));
        assert_eq!(gone.status, 200, "{}", gone.text);
        assert_eq!(gone.json["id"], sandbox["id"]);
    }
}
