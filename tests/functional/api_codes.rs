//! Statuses and error bodies, as the SDKs' generated clients expect them.

use sandbar_tests::{Api, Platform, Reply};
use serde_json::json;

fn refused(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.json["statusCode"], status, "{}", reply.text);
    for field in ["message", "error", "path", "timestamp"] {
        assert!(reply.json[field].is_string(), "no {field} in {}", reply.text);
    }
}

#[test]
fn wrong_and_missing_keys_are_401() {
    let platform = Platform::start();
    for key in ["", "dtn_wrong"] {
        let api = platform.api().with_key(key);
        refused(&api.get("/sandbox"), 401);
        refused(&api.post("/sandbox", &json!({})), 401);
        refused(&api.get("/regions"), 401);
        refused(&api.get("/runners"), 401);
    }
    let sandbox = platform.api().create(&json!({}));
    let stranger = platform.api().with_key("dtn_wrong");
    assert_eq!(stranger.exec(&sandbox, "true").status, 401);
}

#[test]
fn unknown_things_are_404() {
    let platform = Platform::start();
    let api = platform.api();
    let nobody = "7b0ff6c4-0000-4000-8000-000000000000";
    refused(&api.get(&format!("/sandbox/{nobody}")), 404);
    refused(&api.delete(&format!("/sandbox/{nobody}")), 404);
    refused(&api.post(&format!("/sandbox/{nobody}/start"), &json!({})), 404);
    refused(&api.post("/sandbox", &json!({ "target": "nowhere" })), 404);
    refused(&api.get("/regions/nowhere"), 404);
    refused(&api.get("/no-such-route"), 404);
    let sandbox = json!({ "id": nobody, "toolboxProxyUrl": api.create(&json!({}))["toolboxProxyUrl"] });
    assert_eq!(api.exec(&sandbox, "true").status, 404);
}

#[test]
fn bad_input_is_a_clear_4xx_and_changes_nothing() {
    let platform = Platform::start();
    let api = platform.api();
    let bad = [
        json!({ "autoStopInterval": -1 }),
        json!({ "env": { "NOT-A-NAME": "x" } }),
        json!({ "labels": { "a": 7 } }),
        json!({ "labels": { "a": "<script>" } }),
        json!({ "name": "<b>bold</b>" }),
        json!({ "snapshot": "no-such-snapshot" }),
        json!({ "target": 7 }),
        json!([]),
    ];
    for body in &bad {
        let reply = api.post("/sandbox", body);
        refused(&reply, 400);
        assert!(
            reply.json["message"].as_str().is_some_and(|text| text.len() > 8),
            "{}",
            reply.text
        );
    }
    refused(&api.send("POST", "/sandbox", Some(b"{ not json".to_vec())), 400);
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(4 << 20));
    let reply = api.send("POST", "/sandbox", Some(huge.into_bytes()));
    assert!([400, 413].contains(&reply.status), "{} {}", reply.status, reply.text);
    refused(&api.get("/sandbox?limit=0"), 400);
    refused(&api.get("/sandbox?limit=100000"), 400);
    refused(&api.get("/sandbox?cursor=%00"), 400);
    refused(&api.get("/sandbox?labels=nonsense"), 400);
    assert_eq!(api.get("/sandbox").json["items"], json!([]));
}

#[test]
fn no_capacity_names_the_reason() {
    let arguments = ["--cpu-ratio", "1", "--memory-ratio", "0.1", "--disk-ratio", "0.1"]
        .map(str::to_owned)
        .to_vec();
    let platform = Platform::start_with(sandbar_tests::Settings {
        arguments,
        ..Default::default()
    });
    let api = platform.api();
    let mut made = 0;
    let refusal = loop {
        let reply = api.post("/sandbox", &json!({}));
        if reply.status != 200 {
            break reply;
        }
        made += 1;
        assert!(made < 1000, "the plane sells without end");
    };
    refused(&refusal, 400);
    let message = refusal.json["message"].as_str().unwrap_or_default().to_lowercase();
    assert!(message.contains("runner"), "no reason: {message}");
    // What was sold is not more than what there is.
    let runners = api.get("/runners");
    assert_eq!(runners.status, 200, "{}", runners.text);
    for runner in runners.json.as_array().into_iter().flatten() {
        let cpu = runner["cpu"].as_f64().unwrap_or_default();
        let sold = runner["currentAllocatedCpu"].as_f64().unwrap_or_default();
        assert!(sold <= cpu, "{runner}");
    }
}

#[test]
fn config_health_and_metrics_are_public() {
    let platform = Platform::start();
    let nobody = platform.api().with_key("");
    let config = nobody.get("/config");
    assert_eq!(config.status, 200, "{}", config.text);
    for field in [
        "version",
        "oidc",
        "linkedAccountsEnabled",
        "announcements",
        "proxyTemplateUrl",
        "proxyToolboxUrl",
        "defaultSnapshot",
        "dashboardUrl",
        "maxAutoArchiveInterval",
        "maintananceMode",
        "environment",
    ] {
        assert!(!config.json[field].is_null(), "no {field} in {}", config.text);
    }
    assert_eq!(nobody.get("/health").status, 200);
    platform.api().create(&json!({}));
    let origin = platform.api_url.trim_end_matches("/api").to_owned();
    let metrics = nobody.get(&format!("{origin}/metrics"));
    assert_eq!(metrics.status, 200, "{}", metrics.text);
    for line in ["# TYPE ", "sandbar_"] {
        assert!(metrics.text.contains(line), "no {line:?} in:\n{}", metrics.text);
    }
    let of_store = |line: &str| line.starts_with("sandbar_host_calls_total{") && line.contains("interface=\"store\"");
    assert!(
        metrics.text.lines().any(of_store),
        "no host calls of the store in:\n{}",
        metrics.text
    );
}

#[test]
fn lists_come_in_pages() {
    let platform = Platform::start();
    let api = platform.api();
    let mut made: Vec<String> = (0..5)
        .map(|_| api.create(&json!({}))["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/sandbox?limit=2{cursor}"));
        assert_eq!(page.status, 200, "{}", page.text);
        let items = page.json["items"].as_array().cloned().unwrap_or_default();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap_or_default().to_owned()),
        );
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('=', "%3D").replace('+', "%2B")),
            None => break,
        }
    }
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
}

#[test]
fn regions_and_runners_answer() {
    let platform = Platform::start();
    let api = platform.api();
    let regions = api.get("/regions");
    assert_eq!(regions.json[0]["id"], "us", "{}", regions.text);
    let made = api.post("/regions", &json!({ "name": "Lab.1" }));
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json["id"].as_str().unwrap_or_default().to_owned();
    assert!(id.starts_with("lab.1_"), "{id}");
    refused(&api.post("/regions", &json!({ "name": "Lab.1" })), 409);
    refused(&api.post("/regions", &json!({ "name": "no spaces" })), 400);
    assert_eq!(api.get(&format!("/regions/{id}")).json["name"], "Lab.1");
    // A region without runners has no capacity, and says so.
    let reply = api.post("/sandbox", &json!({ "target": "Lab.1" }));
    refused(&reply, 400);

    let runner = api.post("/runners", &json!({ "regionId": id, "name": "machine-1" }));
    assert_eq!(runner.status, 201, "{}", runner.text);
    let token = runner.json["apiKey"].as_str().unwrap_or_default().to_owned();
    assert!(token.len() >= 32, "{}", runner.text);
    let runner_id = runner.json["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(api.get(&format!("/runners/{runner_id}")).json["name"], "machine-1");
    // A runner's token is no user's key, and a user's key is no runner's token.
    let machine: Api = api.with_key(&token);
    assert_ne!(machine.get("/sandbox").status, 200);
    assert_ne!(api.get("/jobs/poll?timeout=0").status, 200);
    assert_eq!(machine.get("/jobs/poll?timeout=0").status, 200);
    refused(&api.delete(&format!("/regions/{id}")), 400);
    refused(&api.delete(&format!("/runners/{runner_id}")), 400);
    let patched = api.patch(
        &format!("/runners/{runner_id}/scheduling"),
        &json!({ "unschedulable": true }),
    );
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(api.delete(&format!("/runners/{runner_id}")).status, 204);
    assert_eq!(api.delete(&format!("/regions/{id}")).status, 204);
}
