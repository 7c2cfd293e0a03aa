//! What hostile servers of git can do to a sandbox: nothing but let a call fail.

use crate::client::Client;
use crate::git_server::GitServer;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// A server that answers so much to every request, and then is silent for longer than the test takes.
fn silent_after(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
            kept.push(stream);
        }
    });
    address
}

async fn given_up(answer: &'static [u8]) {
    let address = silent_after(answer);
    let client = Client::reaching(&[address]).await;
    let started = Instant::now();
    let script = format!("GIT_HTTP_LOW_SPEED_TIME=2 git clone http://{address}/x.git there; echo code $?; ls");
    let (_, output) = client.execute(&script).await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(20),
        "it took {took:?}: {output}"
    );
    assert!(output.contains("said nothing for 2 seconds"), "{output}");
    assert!(output.contains("code 128\n") && !output.contains("\nthere"), "{output}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    given_up(b"").await;
}

#[tokio::test]
async fn a_server_that_stops_in_its_answer_is_given_up() {
    given_up(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 1000\r\n\r\n\
          001e# service=git-upload-pack\n0000",
    )
    .await;
}

/// Larger than the memory and the disk of this sandbox, and half a megabyte as a pack. Making it takes most of the test.
const BOMB: usize = 520 << 20;

#[tokio::test]
async fn a_pack_that_unpacks_to_more_than_the_sandbox_has_fails_the_clone_alone() {
    let server = GitServer::start();
    server.repository("bomb.git", &[("zeros".into(), "\0".repeat(BOMB))]);
    let client = Client::reaching(&[server.address]).await;
    let url = server.url("bomb.git");
    let (_, output) = client.execute(&format!("git clone -q {url} there; echo code $?")).await;
    assert!(!output.contains("code 0\n"), "{output}");
    let (code, output) = client
        .execute("git init -q -b main w && cd w && echo x > f && git add f && git status --short && du -sm ~ | cut -f1")
        .await;
    assert_eq!(code, 0, "{output}");
    let rest = output.strip_prefix("A  f\n").expect("the status").trim();
    assert!(rest.parse::<u64>().is_ok_and(|mib| mib < 64), "left behind: {rest} MiB");
}
