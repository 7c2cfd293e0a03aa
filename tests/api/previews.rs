//! Doors into a sandbox: previews by id, by token, by signed URL, and shells by SSH.

use crate::machine::Machine;
use crate::plane::{FRONT, start};
use crate::regions::stranger;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn previews_open_to_who_has_a_way_in() {
    let plane = start(&[]).await;
    let (ann, bob) = (stranger(&plane, "ann").await, stranger(&plane, "bob").await);
    let body = json!({"name": "Lab", "proxyUrl": "https://p.example", "sshGatewayUrl": "ssh://g.example:2222"});
    let region = ann.post("/api/regions", body.clone()).await.ok(201);
    let other = ann
        .post(
            "/api/regions",
            json!({"name": "Other", "proxyUrl": "https://o.example"}),
        )
        .await
        .ok(201);
    Machine::start(&plane, &ann, &region.text("id"), "m1", 8).await;
    let id = ann
        .post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200)
        .text("id");

    let link = ann.get("/api/sandbox/box/ports/3000/preview-url").await.ok(200);
    assert_eq!(link.text("url"), format!("https://3000-{id}.p.example"));
    ann.get("/api/sandbox/box/ports/0/preview-url").await.ok(400);
    let signed = ann
        .get("/api/sandbox/box/ports/3000/signed-preview-url?expiresInSeconds=600")
        .await
        .ok(200);
    ann.get("/api/sandbox/box/ports/3000/signed-preview-url?expiresInSeconds=0")
        .await
        .ok(400);
    let token = signed.text("token");
    assert_eq!(signed.text("url"), format!("https://3000-{token}.p.example"));

    let ask = |key: &str| plane.front(key);
    let by_id = format!("/api/internal/preview?sandbox={id}&port=3000");
    let by_token = format!("/api/internal/preview?sandbox={token}&port=3000");
    ask("").get(&by_id).await.ok(401);
    ask("dtn_wrong").get(&by_id).await.ok(401);
    let bobs = bob.with("sandbar-front-key", FRONT);
    bobs.get(&by_id).await.ok(404);
    let mine = ann.with("sandbar-front-key", FRONT).get(&by_id).await.ok(200);
    assert_eq!(
        (mine.text("sandboxId"), &mine.json["public"]),
        (id.clone(), &json!(false))
    );
    ask("")
        .with("sandbar-preview-token", &link.text("token"))
        .get(&by_id)
        .await
        .ok(200);
    ask("").with("sandbar-preview-token", "wrong").get(&by_id).await.ok(401);
    ask("").get(&by_token).await.ok(200);
    ask("")
        .get(&format!("/api/internal/preview?sandbox={token}&port=3001"))
        .await
        .ok(404);
    // The proxy of the region is a front; that of another one sees nothing.
    let (near, far) = (region.text("proxyApiKey"), other.text("proxyApiKey"));
    plane
        .client("")
        .with("sandbar-front-key", &near)
        .get(&by_token)
        .await
        .ok(200);
    plane
        .client("")
        .with("sandbar-front-key", &far)
        .get(&by_token)
        .await
        .ok(404);
    plane
        .client("")
        .with("sandbar-front-key", "wrong")
        .get(&by_token)
        .await
        .ok(404);

    let proxy = plane.client(&near);
    proxy.get(&format!("/api/preview/{id}/public")).await.ok(404);
    assert_eq!(
        proxy
            .get(&format!("/api/preview/{token}/3000/sandbox-id"))
            .await
            .ok(200)
            .json,
        json!(id)
    );
    let validate = format!("/api/preview/{id}/validate/{}", link.text("token"));
    assert_eq!(proxy.get(&validate).await.ok(200).json, json!(true));
    plane.client(&far).get(&validate).await.ok(404);
    ann.get(&format!("/api/preview/{id}/access")).await.ok(200);
    bob.get(&format!("/api/preview/{id}/access")).await.ok(404);

    let expire = format!("/api/sandbox/box/ports/3000/signed-preview-url/{token}/expire");
    ann.post(&expire, Value::Null).await.ok(200);
    ann.post(&expire, Value::Null).await.ok(403);
    ask("").get(&by_token).await.ok(404);

    ann.post("/api/sandbox/box/public/true", Value::Null).await.ok(200);
    ask("").get(&by_id).await.ok(200);
    proxy.get(&format!("/api/preview/{id}/public")).await.ok(200);
    ask("")
        .get(&format!("/api/internal/preview?sandbox={id}&port=22222"))
        .await
        .ok(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_has_one_grant_at_a_time() {
    let plane = start(&[]).await;
    let (ann, bob) = (stranger(&plane, "ann").await, stranger(&plane, "bob").await);
    let body = json!({"name": "Lab", "sshGatewayUrl": "ssh://g.example:2222"});
    let region = ann.post("/api/regions", body).await.ok(201);
    Machine::start(&plane, &ann, &region.text("id"), "m1", 8).await;
    let id = ann
        .post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200)
        .text("id");
    let first = ann
        .post("/api/sandbox/box/ssh-access?expiresInMinutes=5", Value::Null)
        .await
        .ok(200);
    let token = first.text("token");
    assert_eq!(
        (token.len(), first.text("sshCommand")),
        (32, format!("ssh -p 2222 {token}@g.example"))
    );
    let gateway = plane.client(&region.text("sshGatewayApiKey"));
    let valid = async |client: &crate::plane::Client, token: &str| {
        client
            .get(&format!("/api/sandbox/ssh-access/validate?token={token}"))
            .await
            .ok(200)
            .json
    };
    assert_eq!(valid(&gateway, &token).await, json!({"valid": true, "sandboxId": id}));
    assert_eq!(valid(&bob, &token).await["valid"], false);
    let second = ann
        .post("/api/sandbox/box/ssh-access", Value::Null)
        .await
        .ok(200)
        .text("token");
    assert_eq!(valid(&gateway, &token).await, json!({"valid": false, "sandboxId": ""}));
    ann.delete(&format!("/api/sandbox/box/ssh-access?token={second}"))
        .await
        .ok(200);
    assert_eq!(valid(&gateway, &second).await["valid"], false);
    ann.post("/api/sandbox/box/ssh-access?expiresInMinutes=0", Value::Null)
        .await
        .ok(400);
    bob.post("/api/sandbox/box/ssh-access", Value::Null).await.ok(404);
}
