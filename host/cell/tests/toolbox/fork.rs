//! A sandbox that begins as a copy of another.

use crate::client::Client;
use http::Method;

/// Makes `child` as a copy of `parent`, and from now on speaks to whichever a path names.
async fn fork(client: &Client, parent: &str, child: &str) {
    client.put(&copy(client, parent, child)).await.is_ok(204);
}

fn copy(client: &Client, parent: &str, child: &str) -> sandbar_cell::SandboxSpec {
    sandbar_cell::SandboxSpec {
        id: child.into(),
        directory: client.root().join(child),
        parent: Some(parent.into()),
        ..client.spec(1)
    }
}

async fn read(client: &Client, sandbox: &str, path: &str) -> String {
    let path = format!("/toolbox/{sandbox}/files/download?path={path}");
    let answer = client.send(Method::GET, &path, "", "").await;
    String::from_utf8_lossy(&answer.is_ok(200).body).into_owned()
}

async fn run(client: &Client, sandbox: &str, command: &str) -> String {
    let body = serde_json::json!({"command": command, "timeout": 60}).to_string();
    let path = format!("/toolbox/{sandbox}/process/execute");
    let answer = client.send(Method::POST, &path, "application/json", body).await.json();
    assert_eq!(answer["exitCode"], 0, "{command}: {answer}");
    answer["result"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn both_go_on_alone() {
    let client = Client::new().await;
    client.write("shared.txt", "one").await;
    client.write("parents.txt", "first").await;
    fork(&client, "s", "child").await;
    run(&client, "child", "echo child >> shared.txt; rm parents.txt").await;
    run(&client, "s", "echo parent >> shared.txt; echo more >> parents.txt").await;
    assert_eq!(read(&client, "child", "shared.txt").await, "onechild\n");
    assert_eq!(read(&client, "s", "shared.txt").await, "oneparent\n");
    assert_eq!(read(&client, "s", "parents.txt").await, "firstmore\n");
    assert_eq!(run(&client, "child", "ls").await, "shared.txt\n");
}

#[tokio::test]
async fn stopped_closed_and_unknown_parents_are_copied() {
    let client = Client::new().await;
    client.write("a.txt", "a").await;
    client.send(Method::POST, "/sandboxes/s/stop", "", "").await.is_ok(204);
    fork(&client, "s", "of-stopped").await;
    assert_eq!(read(&client, "of-stopped", "a.txt").await, "a");
    // Nothing of it was opened here.
    fork(&client, "of-stopped", "grandchild").await;
    fork(&client, "grandchild", "great").await;
    assert_eq!(read(&client, "great", "a.txt").await, "a");

    // Files on the disk of which this cell was not told, as after a restart.
    std::fs::create_dir_all(client.root().join("old/upper")).expect("a directory");
    std::fs::write(client.root().join("old/upper/b.txt"), "b").expect("a file");
    fork(&client, "old", "of-old").await;
    assert_eq!(read(&client, "of-old", "/b.txt").await, "b");
}

#[tokio::test]
async fn a_fork_is_made_once() {
    let client = Client::new().await;
    client.write("a.txt", "before").await;
    fork(&client, "s", "child").await;
    client.write("a.txt", "after").await;
    fork(&client, "s", "child").await;
    client
        .send(Method::POST, "/sandboxes/child/stop", "", "")
        .await
        .is_ok(204);
    fork(&client, "s", "child").await;
    assert_eq!(read(&client, "child", "a.txt").await, "before");
}

#[tokio::test]
async fn the_parent_may_go_first_and_nothing_is_left_at_the_end() {
    let client = Client::new().await;
    client.write("a.txt", "kept").await;
    fork(&client, "s", "child").await;
    fork(&client, "child", "grandchild").await;
    for sandbox in ["s", "child"] {
        let path = format!("/sandboxes/{sandbox}");
        client.send(Method::DELETE, &path, "", "").await.is_ok(204);
        assert_eq!(read(&client, "grandchild", "a.txt").await, "kept");
    }
    // The child is gone, but was made: it is not made again of what is not there.
    client
        .put(&copy(&client, "s", "other"))
        .await
        .is_error(404, "NOT_FOUND");
    client.put(&copy(&client, "grandchild", "grandchild")).await.is_ok(204);
    client
        .send(Method::DELETE, "/sandboxes/grandchild", "", "")
        .await
        .is_ok(204);
    let layers = std::fs::read_dir(client.root().join(".layers")).map_or(0, Iterator::count);
    assert_eq!(layers, 0, "no layer is left");
    assert!(!client.root().join("other/upper").exists());
}

#[tokio::test]
async fn parents_that_are_none_are_refused() {
    let client = Client::new().await;
    for parent in ["../s", "", ".layers", "child"] {
        client
            .put(&copy(&client, parent, "child"))
            .await
            .is_error(400, "BAD_REQUEST");
    }
    client
        .put(&copy(&client, "nobody", "child"))
        .await
        .is_error(404, "NOT_FOUND");
    let path = "/toolbox/child/files/info?path=a";
    client.send(Method::GET, path, "", "").await.is_error(404, "NOT_FOUND");
}

/// What a process writes while its sandbox is copied is in the copy up to one moment, and whole up to there.
#[tokio::test]
async fn a_copy_is_of_one_moment() {
    let client = Client::new().await;
    let writer = run(
        &client,
        "s",
        "i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo $i >> log; echo $i > last; done; echo ended",
    );
    let forks = async {
        for number in 0..5 {
            fork(&client, "s", &format!("copy{number}")).await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let (ended, ()) = tokio::join!(writer, forks);
    assert_eq!(ended, "ended\n");
    assert_eq!(run(&client, "s", "cat log | wc -l").await.trim(), "2000");
    for number in 0..5 {
        let copy = format!("copy{number}");
        let log = run(&client, &copy, "cat log 2>/dev/null; true").await;
        let lines: Vec<usize> = log.lines().map(|line| line.parse().expect("a number")).collect();
        assert!(lines.iter().copied().eq(1..=lines.len()), "{copy}: {lines:?}");
        let last = run(&client, &copy, "cat last 2>/dev/null; true").await;
        let last: usize = last.trim().parse().unwrap_or(lines.len());
        assert!(
            last == lines.len() || last + 1 == lines.len(),
            "{copy}: {last} of {}",
            lines.len()
        );
    }
}
