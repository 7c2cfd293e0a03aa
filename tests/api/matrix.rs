//! Who may call what: every route by every kind of credential, as a golden file. The routes are those that the running
//! component names itself, so a route without a row fails the test.
//!
//! A cell is the status if it is 401, 403 or 404, and `ok` for any other: what is asked for is often nonsense, and what
//! counts is who gets that far. After a change that is meant, `SANDBAR_BLESS=1` writes the file anew: read its diff.

use crate::machine::Machine;
use crate::plane::{Client, FRONT, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

const WHO: [&str; 9] = [
    "owner", "member", "other", "runner", "proxy", "gateway", "none", "revoked", "operator",
];

/// What stays the same for all cells.
struct Stage {
    plane: Arc<Plane>,
    owner: Client,
    owner_id: String,
    organization: String,
    /// A region of the organization with all its services, and its keys.
    lab: Value,
    machine: Machine,
    other: Client,
    revoked: Client,
    bob: String,
}

impl Stage {
    async fn set() -> Self {
        let plane = start(&[]).await;
        let ann = stranger(&plane, "ann").await;
        let made = ann.post("/api/organizations", json!({"name": "acme"})).await.ok(201);
        let (owner, organization) = (plane.client(&made.text("apiKey")), made.text("id"));
        let lab = owner.post("/api/regions", services("Lab")).await.ok(201).json;
        let machine = Machine::start(&plane, &owner, lab["id"].as_str().unwrap_or_default(), "m1", 512).await;
        let spare = owner
            .post("/api/api-keys", json!({"name": "dead", "permissions": []}))
            .await
            .ok(201);
        owner.delete("/api/api-keys/dead").await.ok(204);
        let bob = plane
            .operator()
            .post("/api/admin/users", json!({"name": "bob"}))
            .await
            .ok(201);
        Self {
            owner_id: owner.get("/api/users/me").await.ok(200).text("id"),
            revoked: plane.client(&spare.text("value")),
            other: stranger(&plane, "eve").await,
            bob: bob.text("id"),
            plane,
            owner,
            organization,
            lab,
            machine,
        }
    }

    /// A member without any permission; made anew, because some routes end a membership.
    async fn member(&self, row: usize) -> Client {
        let access = format!("/api/organizations/{}/users/{}/access", self.organization, self.bob);
        let body = json!({"role": "member", "assignedRoleIds": []});
        self.owner.post(&access, body).await.ok(200);
        let body = json!({"name": format!("bob-{row}"), "permissions": [], "userId": self.bob});
        let key = self.owner.post("/api/api-keys", body).await.ok(201).text("value");
        self.plane.client(&key)
    }

    async fn client(&self, who: &str, row: usize) -> Client {
        let lab = |name: &str| self.plane.client(self.lab[name].as_str().unwrap_or_default());
        match who {
            "owner" => self.owner.clone(),
            "member" => self.member(row).await,
            "other" => self.other.clone(),
            "runner" => self.plane.client(&self.machine.token),
            "proxy" => lab("proxyApiKey"),
            "gateway" => lab("sshGatewayApiKey"),
            "none" => self.plane.client(""),
            "revoked" => self.revoked.clone(),
            _ => self.plane.operator(),
        }
    }

    /// The path of a route, with fresh things of the organization's in its braces.
    async fn path(&self, pattern: &str, number: usize) -> String {
        let owner = &self.owner;
        let mut path = pattern.to_owned();
        let put = |path: &mut String, name: &str, value: &str| *path = path.replace(&format!("{{{name}}}"), value);
        if path.contains("{sandbox}")
            || path.contains("{job}")
            || path.contains("{token}")
            || path.ends_with("/preview")
        {
            let body = json!({"target": "Lab", "public": true, "autoDeleteInterval": 0});
            let mut id = owner.post("/api/sandbox", body).await.ok(200).text("id");
            if path.ends_with("/parent") {
                id = owner
                    .post(&format!("/api/sandbox/{id}/fork"), json!({}))
                    .await
                    .ok(200)
                    .text("id");
            }
            if path.contains("{token}") {
                let sign = format!("/api/sandbox/{id}/ports/80/signed-preview-url");
                put(&mut path, "token", &owner.get(&sign).await.ok(200).text("token"));
            }
            put(&mut path, "job", &format!("{id}.1.create"));
            put(&mut path, "sandbox", &id);
            if path.ends_with("/preview") {
                path = format!("{path}?port=80&sandbox={id}");
            }
        }
        if path.contains("/regions/{region}") {
            let made = owner
                .post("/api/regions", services(&format!("r{number}")))
                .await
                .ok(201);
            put(&mut path, "region", &made.text("id"));
        }
        put(&mut path, "region", "us");
        if path.contains("{runner}") {
            let body = json!({"regionId": self.lab["id"], "name": format!("m-{number}")});
            let id = owner.post("/api/runners", body).await.ok(201).text("id");
            let scheduling = format!("/api/runners/{id}/scheduling");
            owner.patch(&scheduling, json!({"unschedulable": true})).await.ok(200);
            put(&mut path, "runner", &id);
        }
        if path.contains("{snapshot}") {
            let body = json!({"target": "Lab", "autoDeleteInterval": 0});
            let id = owner.post("/api/sandbox", body).await.ok(200).text("id");
            let name = format!("snapshot-{number}");
            let made = owner
                .post(&format!("/api/sandbox/{id}/snapshot"), json!({"name": name}))
                .await;
            if made.status == 403 {
                // All that there may be: the oldest goes.
                let all = owner.get("/api/snapshots?sort=createdAt&order=asc").await.ok(200).json;
                for it in all["items"].as_array().into_iter().flatten().take(20) {
                    let id = it["id"].as_str().unwrap_or_default();
                    owner.delete(&format!("/api/snapshots/{id}")).await;
                }
                owner
                    .post(&format!("/api/sandbox/{id}/snapshot"), json!({"name": name}))
                    .await
                    .ok(200);
            }
            put(&mut path, "snapshot", &name);
        }
        if path.contains("{volume}") || path.contains("/volumes/by-name/") {
            let name = format!("volume-{number}");
            owner.post("/api/volumes", json!({"name": name})).await.ok(200);
            put(&mut path, "volume", &name);
            put(&mut path, "name", &name);
        }
        if path.contains("{role}") {
            let body = json!({"name": format!("role-{number}"), "permissions": []});
            let role = format!("/api/organizations/{}/roles", self.organization);
            put(&mut path, "role", &owner.post(&role, body).await.ok(201).text("id"));
        }
        if path.contains("{name}") {
            let body = json!({"name": format!("key-{number}"), "permissions": []});
            owner.post("/api/api-keys", body).await.ok(201);
            put(&mut path, "name", &format!("key-{number}"));
            put(&mut path, "user", &self.owner_id);
        }
        if path.contains("{user}") {
            let body = json!({"name": "carl", "organizationId": self.organization});
            let carl = self.plane.operator().post("/api/admin/users", body).await.ok(201);
            put(&mut path, "user", &carl.text("id"));
        }
        let rest = [
            ("organization", self.organization.as_str()),
            ("class", "wasm"),
            ("port", "80"),
            ("value", "true"),
            ("minutes", "60"),
        ];
        for (name, value) in rest {
            put(&mut path, name, value);
        }
        let query = match pattern {
            "/api/jobs/poll" => "?timeout=0".to_owned(),
            "/api/sandbox/ssh-access/validate" => "?token=x".to_owned(),
            "/api/runners/by-snapshot-ref" => "?ref=sandbar".to_owned(),
            "/api/admin/decisions" => format!("?region={}", self.lab["id"].as_str().unwrap_or_default()),
            _ => String::new(),
        };
        path + &query
    }
}

fn services(name: &str) -> Value {
    json!({
        "name": name, "proxyUrl": "https://p.example", "sshGatewayUrl": "ssh://g.example",
        "snapshotManagerUrl": "https://s.example",
    })
}

/// Method and pattern of every route, as the component says it.
async fn routes(plane: &Arc<Plane>) -> Vec<(String, String)> {
    let document = plane.client("").get("/api/openapi.json").await.ok(200).json;
    let mut all = Vec::new();
    for (pattern, item) in document["paths"].as_object().into_iter().flatten() {
        let methods = item.as_object().into_iter().flatten();
        all.extend(methods.map(|(method, _)| (pattern.clone(), method.to_uppercase())));
    }
    assert!(all.len() > 100, "{} routes", all.len());
    all.sort();
    all
}

/// Where nonsense would be refused before it is known whose the thing is, sense.
fn body(method: &str, pattern: &str) -> Value {
    match pattern.rsplit('/').next() {
        _ if ["GET", "DELETE"].contains(&method) => Value::Null,
        Some("labels") => json!({"labels": {}}),
        Some("snapshot") => json!({"name": "of-a-sandbox"}),
        Some("default-region") => json!({"defaultRegionId": "us"}),
        _ => json!({}),
    }
}

fn golden() -> PathBuf {
    sandbar_tests::root().join("tests/api/authorization.txt")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_opens_to_whom_the_golden_file_says() {
    let stage = Stage::set().await;
    let mut table = format!("{:7}{:78}{:6}", "method", "path", "front");
    for who in WHO {
        let _ = write!(table, "{who:9}");
    }
    let mut number = 0;
    for (pattern, method) in routes(&stage.plane).await {
        // Fronts prove what they are by a header; without it their routes do not exist.
        let with_front: &[bool] = if pattern.starts_with("/api/internal/") {
            &[false, true]
        } else {
            &[false]
        };
        for front in with_front {
            table = format!(
                "{}\n{method:7}{pattern:78}{:6}",
                table.trim_end(),
                if *front { "yes" } else { "" }
            );
            for who in WHO {
                number += 1;
                let path = stage.path(&pattern, number).await;
                let mut client = stage.client(who, number).await;
                if *front {
                    client = client.with("sandbar-front-key", FRONT);
                }
                let body = body(&method, &pattern);
                let answer = client.send(&method, &path, body).await;
                assert!(
                    answer.status < 500,
                    "{who}: {} {}: {}",
                    answer.what,
                    answer.status,
                    answer.json
                );
                let cell = match answer.status {
                    401 | 403 | 404 => answer.status.to_string(),
                    _ => "ok".to_owned(),
                };
                let _ = write!(table, "{cell:9}");
            }
            let again = format!("/api/organizations/{}/unsuspend", stage.organization);
            stage.plane.operator().post(&again, Value::Null).await.ok(204);
        }
    }
    let table = table.trim_end().to_owned() + "\n";
    if std::env::var_os("SANDBAR_BLESS").is_some() {
        std::fs::write(golden(), &table).expect("the golden file");
    }
    let wanted = std::fs::read_to_string(golden()).unwrap_or_default();
    let missing: Vec<&str> = wanted
        .lines()
        .filter(|line| !table.lines().any(|it| it == *line))
        .collect();
    let fresh: Vec<&str> = table
        .lines()
        .filter(|line| !wanted.lines().any(|it| it == *line))
        .collect();
    assert!(
        missing.is_empty() && fresh.is_empty(),
        "authorization.txt says:\n{}\nthe platform says:\n{}",
        missing.join("\n"),
        fresh.join("\n")
    );
}
