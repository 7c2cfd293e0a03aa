//! Users, organizations, members, roles and keys: who may what, and what a key is worth when that changes.

use crate::plane::{Client, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;

/// An organization of ann's, with her key in it.
async fn shared(plane: &Arc<Plane>) -> (Client, String) {
    let ann = stranger(plane, "ann").await;
    let made = ann
        .post("/api/organizations", json!({"name": "acme", "defaultRegionId": "us"}))
        .await
        .ok(201);
    (plane.client(&made.text("apiKey")), made.text("id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_is_an_operators_and_acts_anywhere() {
    let plane = start(&[]).await;
    let operator = plane.operator();
    let me = operator.get("/api/users/me").await.ok(200).json;
    assert_eq!(me["operator"], true, "{me}");
    let current = operator.get("/api/api-keys/current").await.ok(200).json;
    assert_eq!(current["permissions"].as_array().map(Vec::len), Some(15), "{current}");
    let (acme, id) = shared(&plane).await;
    acme.post("/api/regions", json!({"name": "Lab"})).await.ok(201);
    let there = operator.with("x-daytona-organization-id", &id);
    assert!(there.get("/api/regions").await.ok(200).json.to_string().contains("Lab"));
    assert!(
        !operator
            .get("/api/regions")
            .await
            .ok(200)
            .json
            .to_string()
            .contains("Lab")
    );
    operator
        .with("x-daytona-organization-id", "nowhere")
        .get("/api/regions")
        .await
        .ok(404);
    let personal = operator.get("/api/users/me").await.ok(200).text("organizationId");
    acme.with("x-daytona-organization-id", &personal)
        .get("/api/regions")
        .await
        .ok(403);
    acme.with("x-daytona-organization-id", &id)
        .get("/api/regions")
        .await
        .ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_key_that_may_more_and_a_deleted_one_is_dead_at_once() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let body = json!({"name": "ci", "permissions": ["write:sandboxes"], "expiresAt": "2999-01-01T00:00:00Z"});
    let made = ann.post("/api/api-keys", body.clone()).await.ok(201);
    ann.post("/api/api-keys", body).await.ok(409);
    let ci = plane.client(&made.text("value"));
    for (more, status) in [("write:regions", 403), ("platform:operator", 403), ("write:all", 400)] {
        let body = json!({"name": "more", "permissions": [more]});
        ci.post("/api/api-keys", body).await.ok(status);
    }
    ann.post(
        "/api/api-keys",
        json!({"name": "op", "permissions": ["platform:operator"]}),
    )
    .await
    .ok(403);
    ann.post(
        "/api/api-keys",
        json!({"name": "old", "permissions": [], "expiresAt": "2001-01-01T00:00:00Z"}),
    )
    .await
    .ok(400);
    ci.post("/api/regions", json!({"name": "Lab"})).await.ok(403);
    ci.delete("/api/api-keys/first").await.ok(403);
    let shown = ci.get("/api/api-keys/current").await.ok(200);
    assert_eq!(shown.text("name"), "ci");
    assert!(!shown.json.to_string().contains(&made.text("value")));
    assert!(shown.text("value").starts_with("dtn***"), "{}", shown.json);
    assert!(shown.json["lastUsedAt"].is_string(), "{}", shown.json);
    ann.delete("/api/api-keys/ci").await.ok(204);
    ci.get("/api/api-keys/current").await.ok(401);
    ann.get("/api/api-keys/ci").await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_a_role_loses_is_lost_to_the_keys() {
    let plane = start(&[]).await;
    let (acme, id) = shared(&plane).await;
    let base = format!("/api/organizations/{id}");
    let role = json!({"name": "builder", "description": "", "permissions": ["write:sandboxes", "write:regions"]});
    let role = acme.post(&format!("{base}/roles"), role).await.ok(201).text("id");
    let bob = plane
        .operator()
        .post("/api/admin/users", json!({"name": "bob"}))
        .await
        .ok(201)
        .text("id");
    let access = format!("{base}/users/{bob}/access");
    acme.post(&access, json!({"role": "member", "assignedRoleIds": ["no-such"]}))
        .await
        .ok(400);
    acme.post(&access, json!({"role": "member", "assignedRoleIds": [role]}))
        .await
        .ok(200);
    let key = async |name: &str, permissions: Value| {
        let body = json!({"name": name, "permissions": permissions, "userId": bob});
        acme.post("/api/api-keys", body).await
    };
    key("much", json!(["delete:regions"])).await.ok(403);
    let both = plane.client(
        &key("both", json!(["write:sandboxes", "write:regions"]))
            .await
            .ok(201)
            .text("value"),
    );
    let one = plane.client(&key("one", json!(["write:regions"])).await.ok(201).text("value"));
    both.post("/api/regions", json!({"name": "Lab"})).await.ok(201);
    // A member manages nobody.
    both.post(&access, json!({"role": "owner", "assignedRoleIds": []}))
        .await
        .ok(403);

    let less = json!({"name": "builder", "description": "", "permissions": ["write:sandboxes"]});
    acme.put(&format!("{base}/roles/{role}"), less).await.ok(200);
    both.post("/api/regions", json!({"name": "Lab2"})).await.ok(403);
    assert_eq!(
        both.get("/api/api-keys/current").await.ok(200).json["permissions"],
        json!(["write:sandboxes"])
    );
    // What may nothing any more is gone.
    one.get("/api/regions").await.ok(401);
    acme.delete(&format!("{base}/roles/{role}")).await.ok(204);
    both.get("/api/regions").await.ok(401);
    acme.put(
        &format!("{base}/roles/00000000-0000-0000-0000-000000000001"),
        json!({"name": "x", "permissions": []}),
    )
    .await
    .ok(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_keep_an_owner_and_go_when_they_are_empty() {
    let plane = start(&[]).await;
    let (acme, id) = shared(&plane).await;
    let base = format!("/api/organizations/{id}");
    let own = acme.get("/api/users/me").await.ok(200).text("id");
    acme.delete(&format!("{base}/users/{own}")).await.ok(403);
    acme.post(&format!("{base}/leave"), Value::Null).await.ok(403);
    acme.patch(&format!("{base}/default-region"), json!({"defaultRegionId": "eu"}))
        .await
        .ok(409);
    let region = acme
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    acme.patch(&format!("{base}/default-region"), json!({"defaultRegionId": region}))
        .await
        .ok(404);
    acme.delete(&base).await.ok(409);
    acme.delete(&format!("/api/regions/{region}")).await.ok(204);
    acme.delete(&base).await.ok(204);
    acme.get("/api/regions").await.ok(401);

    let bob = stranger(&plane, "bob").await;
    bob.get(&base).await.ok(404);
    let personal = bob.get("/api/users/me").await.ok(200).text("organizationId");
    bob.delete(&format!("/api/organizations/{personal}")).await.ok(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_suspended_starts_nothing_and_learns_why() {
    let plane = start(&[]).await;
    let (acme, id) = shared(&plane).await;
    let path = format!("/api/organizations/{id}");
    acme.post(&format!("{path}/suspend"), json!({"reason": "x"}))
        .await
        .ok(403);
    plane
        .operator()
        .post(&format!("{path}/suspend"), json!({"reason": "unpaid bills"}))
        .await
        .ok(204);
    let refused = acme.post("/api/sandbox", json!({})).await.ok(403);
    assert_eq!(refused.text("code"), "ORGANIZATION_SUSPENDED");
    assert!(refused.text("message").contains("unpaid bills"));
    assert_eq!(acme.get(&path).await.ok(200).json["suspended"], true);
    plane
        .operator()
        .post(&format!("{path}/unsuspend"), Value::Null)
        .await
        .ok(204);
    acme.post("/api/sandbox", json!({})).await.ok(400);
}
