//! A snapshot holds what its sandbox held, round after round of changes: names, kinds, modes, times, links and contents.

use crate::client::Client;
use http::Method;
use sandbar_cell::SandboxSpec;
use serde_json::{Value, json};

/// Rounds in every run of the suite, and where `SANDBAR_SOAK` is set.
const ROUNDS: (u64, u64) = (20, 1000);

/// Rounds after which a sandbox without a past is the next one: each snapshot puts a layer below its sandbox, and a stack
/// has at most 32.
const LIFE: u64 = 20;

/// Changes in a round.
const CHANGES: u64 = 8;

/// Every name below `/etc` and home with kind, mode, size, time and content. Sizes and times of directories are left out:
/// they tell of the disk.
const TREE: &str = "cd / && find etc home | sort > /tmp/names && \
    while read -r name; do \
        if [ -L \"$name\" ]; then echo \"$name -> $(readlink \"$name\")\"; \
        elif [ -d \"$name\" ]; then stat -c '%n %F %a' \"$name\"; \
        else stat -c '%n %F %a %s %Y' \"$name\"; fi; \
    done < /tmp/names && \
    find etc home -type f | sort | xargs sha256sum";

/// SplitMix64: the same changes for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// One change among few names, so that later ones meet what earlier ones left in the layers below.
fn change(random: &mut Random, mark: u64) -> String {
    let top = ["/home/daytona", "/etc"][usize::from(random.below(4) == 0)];
    let (one, two, file) = (random.below(4), random.below(4), random.below(5));
    let (from, to) = (format!("{top}/d{one}"), format!("{top}/d{two}"));
    match random.below(9) {
        0 => format!("mkdir -p {from}/s; echo {mark} > {from}/s/f{file}"),
        1 => format!("mkdir -p {from}; echo {mark} >> {from}/f{file}"),
        2 => format!("rm -rf {from}"),
        3 => format!("rm -rf {from}; mkdir {from}; echo {mark} > {from}/f{file}"),
        4 if one != two => format!("mkdir -p {from}; rm -rf {to}; mv {from} {to}"),
        5 => format!("mkdir -p {from} {to}; touch {from}/f{file}; mv {from}/f{file} {to}/moved{file}"),
        6 => format!("mkdir -p {from}; rm -f {from}/l{file}; ln -s ../d{two}/f{file} {from}/l{file}"),
        7 => format!("mkdir -p {from}; touch {from}/f{file}; chmod 6{two}0 {from}/f{file}; chmod 7{two}0 {from}"),
        _ => format!("mkdir -p {from}; touch {from}/f{file}; rm -f {from}/h{file}; ln {from}/f{file} {from}/h{file}"),
    }
}

async fn run(client: &Client, sandbox: &str, command: &str) -> String {
    let body = json!({"command": command, "timeout": 60}).to_string();
    let path = format!("/toolbox/{sandbox}/process/execute");
    let answer = client.send(Method::POST, &path, "application/json", body).await.json();
    assert_eq!(answer["exitCode"], 0, "{command}: {answer}");
    answer["result"].as_str().expect("text").to_owned()
}

async fn begin(client: &Client, id: &str, image: Option<&str>) {
    let spec = SandboxSpec {
        id: id.into(),
        directory: client.root().join(id),
        image: image.map(Into::into),
        ..client.spec(1)
    };
    client.put(&spec).await.is_ok(204);
}

async fn put(client: &Client, snapshot: &str, body: &Value) {
    let path = format!("/snapshots/{snapshot}");
    let answer = client.send(Method::PUT, &path, "application/json", body.to_string());
    answer.await.is_ok(200);
}

async fn delete(client: &Client, path: &str) {
    client.send(Method::DELETE, path, "", "").await.is_ok(204);
}

/// Takes a snapshot's archives from one cell into another, the lowest first; those that are there stay.
async fn carry(snapshot: &str, from: &Client, to: &Client) {
    let path = format!("/snapshots/{snapshot}");
    let known = from.send(Method::GET, &path, "", "").await.json();
    for layer in known["layers"].as_array().expect("layers").iter().rev() {
        let archive = format!("{path}/layers/{}", layer["id"].as_str().expect("an id"));
        let archive = from.send(Method::GET, &archive, "", "").await.is_ok(200).body.clone();
        // The digest is known once the archive was made.
        let now = from.send(Method::GET, &path, "", "").await.json();
        let layers = now["layers"].as_array().expect("layers");
        let made = layers.iter().find(|one| one["id"] == layer["id"]).expect("the layer");
        let target = format!("{path}/layers/{}", made["digest"].as_str().expect("a digest"));
        if to.send(Method::POST, &target, "", "").await.json()["reused"] == true {
            continue;
        }
        let target = format!(
            "{target}?compressed={}&bytes={}&names={}",
            made["compressed"], made["bytes"], made["names"]
        );
        to.send(Method::PUT, &target, "", archive.to_vec()).await.is_ok(204);
    }
    put(to, snapshot, &json!({})).await;
}

fn assert_same(wanted: &str, found: &str, what: &str) {
    if wanted == found {
        return;
    }
    let missing: Vec<_> = wanted
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .collect();
    let added: Vec<_> = found
        .lines()
        .filter(|line| !wanted.lines().any(|other| other == *line))
        .collect();
    panic!("{what}: not the same tree\nmissing: {missing:#?}\nadded: {added:#?}");
}

#[tokio::test]
async fn what_begins_as_a_snapshot_has_its_tree_round_after_round() {
    let soak = std::env::var_os("SANDBAR_SOAK").is_some();
    let rounds = if soak { ROUNDS.1 } else { ROUNDS.0 };
    let seed = std::env::var("SANDBAR_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("SANDBAR_SEED={seed}");
    let mut random = Random(seed);
    let (here, there) = (Client::empty().await, Client::empty().await);
    let mut source = String::new();
    let mut before = String::new();
    for round in 0..rounds {
        let what = format!("seed {seed}, round {round}");
        if round % LIFE == 0 {
            if !source.is_empty() {
                delete(&here, &format!("/sandboxes/{source}")).await;
            }
            source = format!("source{round}");
            begin(&here, &source, None).await;
        }
        let mut changes = vec![format!("echo {round} > /home/daytona/round")];
        changes.extend((0..CHANGES).map(|number| change(&mut random, round * CHANGES + number)));
        run(&here, &source, &changes.join("\n")).await;
        let wanted = run(&here, &source, TREE).await;
        assert_ne!(wanted, before, "{what}: a tree that shows no changes");
        if random.below(4) == 0 {
            let stop = format!("/sandboxes/{source}/stop");
            here.send(Method::POST, &stop, "", "").await.is_ok(204);
        }
        let (snapshot, child) = (format!("snap{round}"), format!("child{round}"));
        put(&here, &snapshot, &json!({ "from": source })).await;
        begin(&here, &child, Some(&snapshot)).await;
        assert_same(&wanted, &run(&here, &child, TREE).await, &what);
        // Through archives, to another cell.
        if round % 5 == 4 {
            carry(&snapshot, &here, &there).await;
            begin(&there, &child, Some(&snapshot)).await;
            assert_same(&wanted, &run(&there, &child, TREE).await, &format!("{what}, carried"));
            delete(&there, &format!("/sandboxes/{child}")).await;
            delete(&there, &format!("/snapshots/{snapshot}")).await;
        }
        delete(&here, &format!("/snapshots/{snapshot}")).await;
        // What began as the snapshot goes on in place of the sandbox it was taken of.
        delete(&here, &format!("/sandboxes/{source}")).await;
        source = child;
        before = wanted;
    }
    delete(&here, &format!("/sandboxes/{source}")).await;
    for (client, name) in [(&here, "here"), (&there, "there")] {
        for kept in [".layers", ".snapshots"] {
            let left = std::fs::read_dir(client.root().join(kept)).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{name}: {kept} holds what nothing stands on");
        }
    }
}
