//! git over HTTPS: the host's TLS, and whom it trusts.

use sandbar_tests::{Api, Certificate, GitServer, Platform, Settings};
use serde_json::{Value, json};

fn printed(api: &Api, sandbox: &Value, command: &str) -> String {
    let answer = api.exec(sandbox, command);
    answer.json["result"].as_str().unwrap_or(&answer.text).to_owned()
}

fn settings(server: &GitServer, more: &[&str]) -> Settings {
    let mut arguments = vec!["--egress-allow".to_owned(), server.address.to_string()];
    arguments.extend(more.iter().map(|one| (*one).to_owned()));
    Settings { data: None, arguments }
}

fn clone(api: &Api, sandbox: &Value, body: &Value) -> (u16, String) {
    let answer = api.post(&format!("{}/git/clone", Api::toolbox(sandbox)), body);
    (answer.status, answer.text)
}

#[test]
fn git_speaks_https_with_servers_that_somebody_vouches_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let certificate = Certificate::make(directory.path(), &["localhost", "127.0.0.1"]);
    let server = GitServer::secure(&certificate);
    server.repository("private/r.git", &[("a".to_owned(), "one\n".to_owned())]);
    let plain = format!("{}/private/r.git", server.url());
    let url = plain.replace("https://", "https://user:secret@");

    let ca = certificate.certificate.to_str().expect("a plain path");
    let platform = Platform::start_with(settings(&server, &["--guest-ca-file", ca]));
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let body = json!({ "url": plain, "path": "by-api", "username": "user", "password": "secret" });
    let (status, text) = clone(&api, &sandbox, &body);
    assert_eq!(status, 200, "{text}");
    let push = format!(
        "git clone -q {url} w && cd w && git config user.name Ann && git config user.email a@b.c && echo two >> a &&
git commit -q -a -m second && git push -q 2>&1 && git status -sb | head -n 1 && cat ../by-api/a"
    );
    assert_eq!(printed(&api, &sandbox, &push), "## main...origin/main\none\n");
    server.git("private/r.git", &["fsck", "--strict"]);
    assert_eq!(
        server.git("private/r.git", &["log", "-1", "--format=%an %s", "main"]),
        "Ann second"
    );
    drop(platform);

    // Where nobody vouches for it, it is refused, until the caller says whom to trust.
    let platform = Platform::start_with(settings(&server, &[]));
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let (status, text) = clone(&api, &sandbox, &body);
    assert!(status >= 400 && text.contains("certificate"), "{status} {text}");
    let refused = printed(&api, &sandbox, &format!("git clone {url} w; echo $?; ls"));
    assert!(
        refused.contains("certificate") && refused.ends_with("128\n"),
        "{refused}"
    );
    assert!(!refused.contains("secret"), "{refused}");
    let pem = std::fs::read_to_string(&certificate.certificate).expect("the certificate");
    let named = printed(
        &api,
        &sandbox,
        &format!(
            "cat > ca.pem <<'END'\n{pem}END
git -c http.sslCAInfo=ca.pem clone -q {url} one && cat one/a
GIT_SSL_CAINFO=ca.pem git clone -q {url} two && cat two/a
GIT_SSL_NO_VERIFY=1 git clone -q {url} three && cat three/a
git -c http.sslVerify=false clone -q {url} four && cat four/a
GIT_SSL_CAINFO=none.pem git clone -q {url} five; echo $?"
        ),
    );
    assert!(named.starts_with(&"one\ntwo\n".repeat(4)), "{named}");
    assert!(named.contains("none.pem") && named.ends_with("128\n"), "{named}");
    let (status, text) = clone(
        &api,
        &sandbox,
        &json!({ "url": plain, "path": "insecure", "username": "user", "password": "secret", "insecure_skip_tls": true }),
    );
    assert_eq!(status, 200, "{text}");
}
