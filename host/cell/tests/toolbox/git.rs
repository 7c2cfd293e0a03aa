//! Git in sandboxes: the command, the toolbox's endpoints, against the native git of this machine.

use crate::client::{Answer, Client};
use crate::git_server::GitServer;
use http::Method;
use serde_json::{Value, json};

/// Files of the large repository.
const MANY: usize = 2000;

fn few() -> Vec<(String, String)> {
    vec![
        ("README.md".into(), "hello\n".into()),
        ("src/lib.rs".into(), "pub fn one() -> u32 {\n    1\n}\n".into()),
    ]
}

/// Runs a script whose every line must succeed; gives its output.
#[track_caller]
fn shown((code, output): (i64, String), script: &str) -> String {
    assert_eq!(code, 0, "{script}\n{output}");
    output
}

async fn sh(client: &Client, script: &str) -> String {
    shown(client.execute(&format!("set -e\n{script}")).await, script)
}

const WHO: &str = "git config --global user.name Ann; git config --global user.email ann@example.com";

async fn delete_with(client: &Client, path: &str, body: &Value) -> Answer {
    client
        .send(
            Method::DELETE,
            &format!("/toolbox/s{path}"),
            "application/json",
            body.to_string(),
        )
        .await
}

#[tokio::test]
async fn the_daily_commands() {
    let client = Client::new().await;
    let output = sh(
        &client,
        &format!(
            "{WHO}
git init -q -b main work && cd work
printf 'one\\n' > a.txt; mkdir d; printf 'x\\n' > 'd/with space.txt'
git status --porcelain
git add . && git commit -q -m 'first commit'
printf 'two\\n' >> a.txt; rm 'd/with space.txt'; printf new > n.txt
git status -s
git diff --stat; git diff a.txt
git add -A && git commit -m 'second'
git log --oneline | wc -l
git log -1 --format='%an|%ae|%s'
git tag v1; git tag -a v2 -m 'a tag'; git tag
git branch other HEAD~1; git branch
git rev-parse --abbrev-ref HEAD; git rev-parse --show-toplevel
git cat-file -t HEAD; git ls-files
git mv n.txt m.txt; git rm -q a.txt; git status --porcelain
git reset -q --hard; git status"
        ),
    )
    .await;
    for part in [
        "?? a.txt\n?? d/\n",
        " M a.txt\n D \"d/with space.txt\"\n?? n.txt\n",
        " a.txt            | 1 +\n",
        "@@ -1 +1,2 @@\n one\n+two\n",
        "] second\n 3 files changed, 2 insertions(+), 1 deletion(-)\n delete mode 100644 d/with space.txt\n",
        "\n2\nAnn|ann@example.com|second\nv1\nv2\n* main\n  other\nmain\n/home/daytona/work\ncommit\na.txt\nn.txt\n",
        "D  a.txt\nR  n.txt -> m.txt\n",
        "On branch main\nnothing to commit, working tree clean\n",
    ] {
        assert!(output.contains(part), "no {part:?} in\n{output}");
    }
    let (code, output) = client.execute("cd work; git checkout -q nowhere").await;
    assert_eq!(
        (code, output.as_str()),
        (1, "error: pathspec 'nowhere' did not match any file(s) known to git\n")
    );
    let (code, output) = client.execute("cd /tmp; git status").await;
    assert_eq!(
        (code, output.as_str()),
        (
            128,
            "fatal: not a git repository (or any of the parent directories): .git\n"
        )
    );
}

#[tokio::test]
async fn merges_conflicts_and_stashes() {
    let client = Client::new().await;
    let output = sh(
        &client,
        &format!(
            "{WHO}
git init -q -b main w && cd w
printf 'a\\nb\\nc\\n' > f; git add f; git commit -q -m base
git switch -q -c side; printf 'a\\nside\\nc\\n' > f; git commit -q -a -m side
git switch -q main; git merge side; git log --oneline | wc -l
git switch -q -c three HEAD~1; printf new > g; git add g; git commit -q -m three
git merge -q -m 'both' side; git log -1 --format='%s %P' | wc -w; cat f g
git switch -q -c clash HEAD~1; printf 'a\\nclash\\nc\\n' > f; git commit -q -a -m clash
printf dirty > g; git stash -q; git status --short; git stash list; git stash pop -q; cat g; git checkout -q g || true"
        ),
    )
    .await;
    assert!(output.contains("Fast-forward\n f | 2 +-\n"), "{output}");
    assert!(output.contains("2\n3\na\nside\nc\nnew"), "{output}");
    assert!(output.contains("stash@{0}: WIP on clash: "), "{output}");
    let (code, output) = client.execute("cd w; git merge side").await;
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("CONFLICT (content): Merge conflict in f"), "{output}");
    let text = String::from_utf8_lossy(&client.read("/home/daytona/w/f").await).into_owned();
    assert_eq!(text, "a\n<<<<<<< HEAD\nclash\n=======\nside\n>>>>>>> side\nc\n");
    let output = sh(
        &client,
        "cd w; git status --short; printf 'a\\nmended\\nc\\n' > f; git add f; git commit -q -m mended; git log -1 --format=%P | wc -w",
    )
    .await;
    assert_eq!(output, "UU f\n2\n");
}

#[tokio::test]
async fn two_thousand_files_cloned_changed_committed_and_pushed() {
    let server = GitServer::start();
    let files: Vec<(String, String)> = (0..MANY)
        .map(|n| {
            (
                format!("dir{}/file{n}.txt", n % 40),
                format!("content of {n}\n").repeat(20),
            )
        })
        .collect();
    server.repository("big.git", &files);
    let client = Client::reaching(&[server.address]).await;
    let since = std::time::Instant::now();
    let body = json!({ "url": server.url("big.git"), "path": "big" });
    client.post("/git/clone", &body).await.is_ok(200);
    eprintln!("clone of {MANY} files: {:?}", since.elapsed());
    let output = sh(
        &client,
        &format!(
            "{WHO}
cd big; git ls-files | wc -l; git status --porcelain
for i in 1 2 3; do echo more >> dir$i/file$i.txt; done
git commit -q -a -m 'three changed'; git push 2>&1; git status -sb"
        ),
    )
    .await;
    assert!(
        output.starts_with("2000\n") && output.ends_with("## main...origin/main\n"),
        "{output}"
    );
    assert!(output.contains("main -> main"), "{output}");
    server.git("big.git", &["fsck", "--strict"]);
    assert_eq!(
        server.git("big.git", &["log", "-1", "--format=%an %s", "main"]),
        "Ann three changed"
    );
    assert_eq!(
        server.git("big.git", &["diff", "--shortstat", "main~1", "main"]),
        " 3 files changed, 3 insertions(+)"
    );
}

#[tokio::test]
async fn every_endpoint() {
    let server = GitServer::start();
    server.repository("private/r.git", &few());
    let client = Client::reaching(&[server.address]).await;
    let url = server.url("private/r.git");
    let clone = |path: &str, user: &str, password: &str| json!({ "url": url, "path": path, "username": user, "password": password });
    client
        .post("/git/clone", &json!({ "url": url, "path": "r" }))
        .await
        .is_error(401, "GIT_AUTH_FAILED");
    client
        .post("/git/clone", &clone("r", "user", "wrong"))
        .await
        .is_error(401, "GIT_AUTH_FAILED");
    client
        .post("/git/clone", &clone("r", "guest", "guest"))
        .await
        .is_error(403, "GIT_AUTH_FAILED");
    client
        .post("/git/clone", &json!({ "url": server.url("none.git"), "path": "r" }))
        .await
        .is_error(404, "GIT_REPO_NOT_FOUND");
    let body = json!({ "url": url, "path": "r", "username": "user", "password": "secret", "branch": "none" });
    client
        .post("/git/clone", &body)
        .await
        .is_error(404, "GIT_BRANCH_NOT_FOUND");
    client
        .post("/git/clone", &clone("r", "user", "secret"))
        .await
        .is_ok(200);
    client
        .post("/git/clone", &clone("r", "user", "secret"))
        .await
        .is_error(409, "GIT_BRANCH_EXISTS");
    let config = String::from_utf8_lossy(&client.read("/home/daytona/r/.git/config").await).into_owned();
    assert!(!config.contains("secret"), "{config}");

    let status = client.get("/git/status?path=r").await.is_ok(200).json();
    assert_eq!(
        status,
        json!({ "currentBranch": "main", "fileStatus": [], "ahead": 0, "behind": 0, "branchPublished": true,
                "detached": false, "upstream": "origin/main" })
    );
    client.write("/home/daytona/r/new.txt", "new\n").await;
    client.write("/home/daytona/r/README.md", "changed\n").await;
    let status = client.get("/git/status?path=r").await.json();
    assert_eq!(
        status["fileStatus"],
        json!([{ "name": "README.md", "extra": "", "staging": "Unmodified", "worktree": "Modified" },
               { "name": "new.txt", "extra": "", "staging": "Untracked", "worktree": "Untracked" }])
    );
    client
        .post("/git/add", &json!({ "path": "r", "files": ["nowhere"] }))
        .await
        .is_error(404, "GIT_BRANCH_NOT_FOUND");
    client
        .post("/git/add", &json!({ "path": "r", "files": ["."] }))
        .await
        .is_ok(200);
    let commit = json!({ "path": "r", "message": "second", "author": "Bea", "email": "bea@example.com" });
    let hash = client.post("/git/commit", &commit).await.is_ok(200).json()["hash"]
        .as_str()
        .expect("a hash")
        .to_owned();
    client.post("/git/commit", &commit).await.is_error(400, "BAD_REQUEST");
    let history = client.get("/git/history?path=r").await.is_ok(200).json();
    assert_eq!(history[0]["hash"], hash.as_str());
    assert_eq!(
        (&history[0]["author"], &history[0]["email"]),
        (&json!("Bea"), &json!("bea@example.com"))
    );
    assert_eq!(history.as_array().map(Vec::len), Some(2));
    assert_eq!(client.get("/git/status?path=r").await.json()["ahead"], 1);

    client
        .post("/git/push", &json!({ "path": "r" }))
        .await
        .is_error(401, "GIT_AUTH_FAILED");
    let with = |path: &str| json!({ "path": path, "username": "user", "password": "secret" });
    client.post("/git/push", &with("r")).await.is_ok(200);
    assert_eq!(server.git("private/r.git", &["rev-parse", "main"]), hash);
    server.git("private/r.git", &["fsck", "--strict"]);
    client.post("/git/pull", &with("r")).await.is_ok(200);

    let branch = json!({ "path": "r", "name": "topic" });
    client.post("/git/branches", &branch).await.is_ok(201);
    client
        .post("/git/branches", &branch)
        .await
        .is_error(409, "GIT_BRANCH_EXISTS");
    let branches = client.get("/git/branches?path=r").await.json();
    assert_eq!(branches, json!({ "branches": ["main", "topic"], "current": "main" }));
    client
        .post("/git/checkout", &json!({ "path": "r", "branch": "topic" }))
        .await
        .is_ok(200);
    client
        .post("/git/checkout", &json!({ "path": "r", "branch": "none" }))
        .await
        .is_error(404, "GIT_BRANCH_NOT_FOUND");
    client
        .post("/git/checkout", &json!({ "path": "r", "branch": format!("{hash}~1") }))
        .await
        .is_ok(200);
    assert_eq!(client.get("/git/status?path=r").await.json()["detached"], true);
    client.write("/home/daytona/r/README.md", "in the way\n").await;
    client
        .post("/git/checkout", &json!({ "path": "r", "branch": "main" }))
        .await
        .is_error(409, "GIT_DIRTY_WORKTREE");
    client
        .post("/git/restore", &json!({ "path": "r", "files": ["README.md"] }))
        .await
        .is_ok(200);
    assert_eq!(client.read("/home/daytona/r/README.md").await, "hello\n");
    client
        .post("/git/checkout", &json!({ "path": "r", "branch": "main" }))
        .await
        .is_ok(200);
    delete_with(&client, "/git/branches", &branch).await.is_ok(204);
    delete_with(&client, "/git/branches", &branch)
        .await
        .is_error(404, "GIT_BRANCH_NOT_FOUND");

    // The remote goes on without us: a push is refused until it is pulled.
    server.git("private-r.git.work", &["pull", "-q"]);
    std::fs::write(server.path("private-r.git.work").join("theirs"), "theirs").expect("a file");
    server.git("private-r.git.work", &["add", "-A"]);
    server.git("private-r.git.work", &["commit", "-q", "-m", "theirs"]);
    server.git("private-r.git.work", &["push", "-q"]);
    let commit =
        json!({ "path": "r", "message": "ours", "author": "B", "email": "b@example.com", "allow_empty": true });
    client.post("/git/commit", &commit).await.is_ok(200);
    client
        .post("/git/push", &with("r"))
        .await
        .is_error(409, "GIT_PUSH_REJECTED");
    client
        .post(
            "/git/config/user",
            &json!({ "name": "Bea", "email": "bea@example.com", "scope": "global" }),
        )
        .await
        .is_ok(200);
    client.post("/git/pull", &with("r")).await.is_ok(200);
    client.post("/git/push", &with("r")).await.is_ok(200);

    client
        .post("/git/init", &json!({ "path": "fresh", "initial_branch": "trunk" }))
        .await
        .is_ok(201);
    let status = client.get("/git/status?path=fresh").await.is_ok(200).json();
    assert_eq!(status["currentBranch"], "trunk");
    let remote = json!({ "path": "fresh", "name": "up", "url": server.url("none.git") });
    client.post("/git/remotes", &remote).await.is_ok(201);
    client
        .post("/git/remotes", &remote)
        .await
        .is_error(409, "GIT_BRANCH_EXISTS");
    let remotes = client.get("/git/remotes?path=fresh").await.json();
    assert_eq!(
        remotes,
        json!({ "remotes": [{ "name": "up", "url": server.url("none.git") }] })
    );
    client.write("/home/daytona/r/new.txt", "staged\n").await;
    client
        .post("/git/add", &json!({ "path": "r", "files": ["new.txt"] }))
        .await
        .is_ok(200);
    client
        .post("/git/reset", &json!({ "path": "r", "files": ["new.txt"] }))
        .await
        .is_ok(200);
    assert_eq!(
        client.get("/git/status?path=r").await.json()["fileStatus"][0]["staging"],
        "Unmodified"
    );
    client
        .post("/git/reset", &json!({ "path": "r", "mode": "hard", "target": hash }))
        .await
        .is_ok(200);
    assert_eq!(client.read("/home/daytona/r/new.txt").await, "new\n");

    client
        .post(
            "/git/config",
            &json!({ "path": "r", "key": "core.abc", "value": "x y" }),
        )
        .await
        .is_ok(200);
    assert_eq!(
        client.get("/git/config?path=r&key=core.abc").await.json(),
        json!({ "value": "x y" })
    );
    assert_eq!(
        client.get("/git/config?key=user.name&scope=global").await.json(),
        json!({ "value": "Bea" })
    );
    let stored =
        json!({ "username": "user", "password": "secret", "host": server.address.to_string(), "protocol": "http" });
    client.post("/git/credentials", &stored).await.is_ok(200);
    client
        .post("/git/clone", &json!({ "url": url, "path": "again" }))
        .await
        .is_ok(200);
    assert_eq!(
        client.execute("stat -c %a ~/.git-credentials").await,
        (0, "600\n".into())
    );
    for path in ["status", "branches", "history", "remotes"] {
        client
            .get(&format!("/git/{path}?path=/tmp"))
            .await
            .is_error(404, "GIT_REPO_NOT_FOUND");
    }
}

#[tokio::test]
async fn shallow_copies_redirections_and_one_branch() {
    let server = GitServer::start();
    server.repository("r.git", &few());
    for n in 0..5 {
        std::fs::write(server.path("r.git.work").join("n"), n.to_string()).expect("a file");
        server.git("r.git.work", &["add", "-A"]);
        server.git("r.git.work", &["commit", "-q", "-m", &format!("commit {n}")]);
    }
    server.git("r.git.work", &["push", "-q"]);
    server.git("r.git.work", &["push", "-q", "origin", "main~2:refs/heads/old"]);
    let client = Client::reaching(&[server.address]).await;
    let url = server.url("moved/r.git");
    client
        .post("/git/clone", &json!({ "url": url, "path": "one", "depth": 1 }))
        .await
        .is_ok(200);
    client
        .post("/git/clone", &json!({ "url": url, "path": "old", "branch": "old" }))
        .await
        .is_ok(200);
    let output = sh(
        &client,
        "cd one; git log --oneline | wc -l; cat n; cd ../old; git branch -a; git clone -q ~/old ~/local; cd ~/local; git log --oneline | wc -l",
    )
    .await;
    assert_eq!(output, "1\n4* old\n  remotes/origin/old\n4\n");
    assert!(server.requests() >= 6);
}

#[tokio::test]
async fn hostile_repositories_stay_harmless() {
    let server = GitServer::start();
    server.repository("r.git", &few());
    // Trees that no git would make: names that lead out, into .git, and through a link.
    let work = "r.git.work";
    let blob = server.git(work, &["rev-parse", "HEAD:README.md"]);
    std::fs::write(server.path(work).join("target"), "/tmp").expect("a file");
    let link = server.git(work, &["hash-object", "-w", "target"]);
    let tree = |lines: &[String]| {
        let path = server.path(work).join("lines");
        let mut bytes = Vec::new();
        for line in lines {
            let (head, name) = line.split_once('\t').expect("a name");
            let mut parts = head.split(' ');
            let (mode, id) = (parts.next().expect("a mode"), parts.next().expect("a hash"));
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend((0..20).map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).expect("hexadecimal")));
        }
        std::fs::write(&path, bytes).expect("a file");
        server.git(work, &["hash-object", "-w", "-t", "tree", "--literally", "lines"])
    };
    let inner = tree(&[format!("100644 {blob}\tescaped")]);
    let cases = [
        ("up", tree(&[format!("40000 {inner}\t..")])),
        ("dotgit", tree(&[format!("40000 {inner}\t.git")])),
        ("case", tree(&[format!("40000 {inner}\t.GIT")])),
        ("slash", tree(&[format!("100644 {blob}\t../escaped")])),
        (
            "link",
            tree(&[format!("120000 {link}\ta"), format!("40000 {inner}\ta")]),
        ),
    ];
    for (name, tree) in &cases {
        let commit = server.git(work, &["commit-tree", "-m", name, tree]);
        server.git(work, &["push", "-q", "origin", &format!("{commit}:refs/heads/{name}")]);
    }
    let client = Client::reaching(&[server.address]).await;
    for (name, _) in &cases {
        let body = json!({ "url": server.url("r.git"), "path": format!("h/{name}"), "branch": name });
        let answer = client.post("/git/clone", &body).await;
        eprintln!("{name}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    let (_, found) = client
        .execute("find / -name escaped 2>/dev/null | grep -v '^/home/daytona/h/[a-z]*/a/escaped$'")
        .await;
    assert_eq!(found, "");
    // A pack that lies, and one that is cut.
    let pack = "printf 'PACK\\0\\0\\0\\2\\377\\377\\377\\377' > bad.git/objects/pack/pack-1.pack";
    let (code, output) = client
        .execute(&format!(
            "git init -q --bare bad.git; mkdir -p bad.git/objects/pack; {pack}; git -C bad.git log"
        ))
        .await;
    assert_ne!(code, 0, "{output}");
    // Settings of a repository start no program.
    let output = sh(
        &client,
        &format!(
            "{WHO}; git init -q t && cd t && git config core.fsmonitor 'touch /tmp/owned' && git config filter.x.clean 'touch /tmp/owned'
mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch /tmp/owned\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
printf '* filter=x\\n' > .gitattributes; git add .; git commit -q -m x; git status --porcelain; ls /tmp"
        ),
    )
    .await;
    assert!(!output.contains("owned"), "{output}");
}
