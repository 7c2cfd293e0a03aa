//! A guest built for wasm32-wasip2 by the toolchain at hand, on networks of its own.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sandbar_net::{Connection, Egress, Network, Policy, Resolve};
use sandbar_wasi_net::{NetCtx, NetView, Notice, add_to_linker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Nothing here takes so long.
const SOON: Duration = Duration::from_secs(20);

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    net: NetCtx,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

fn compiled() -> &'static (Engine, CommandPre<State>) {
    static COMPILED: OnceLock<(Engine, CommandPre<State>)> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let wasm = dir.path().join("probe.wasm");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe.rs");
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let built = Command::new(rustc)
            .args(["--edition=2024", "--target=wasm32-wasip2", "-Copt-level=1", "-o"])
            .args([&wasm, &source])
            .status()
            .unwrap();
        assert!(built.success(), "rustup target add wasm32-wasip2");
        let engine = Engine::default();
        let component = Component::from_file(&engine, &wasm).unwrap();
        let mut linker = Linker::<State>::new(&engine);
        linker.allow_shadowing(true);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        add_to_linker(&mut linker, |state| NetView {
            table: &mut state.table,
            ctx: &mut state.net,
        })
        .unwrap();
        let command = CommandPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        (engine, command)
    })
}

/// A program under way. Dropping it does nothing; aborting its task is killing it.
struct Program {
    task: JoinHandle<Result<(), String>>,
    stdout: MemoryOutputPipe,
}

impl Program {
    /// Waits for its end, which must be a good one; returns what it wrote.
    async fn output(self) -> String {
        timeout(SOON, self.task)
            .await
            .expect("an end")
            .expect("no panic")
            .expect("a good end");
        String::from_utf8(self.stdout.contents().to_vec()).expect("text")
    }

    async fn wrote(&self, text: &str) {
        let wait = async {
            while !String::from_utf8_lossy(&self.stdout.contents()).contains(text) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(SOON, wait)
            .await
            .unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.stdout.contents()));
    }
}

fn start(network: &Network, arguments: &[&str]) -> Program {
    let (engine, command) = compiled();
    let (stdout, stderr) = (MemoryOutputPipe::new(1 << 16), MemoryOutputPipe::new(1 << 16));
    let arguments: Vec<&str> = ["probe"].iter().chain(arguments).copied().collect();
    let wasi = WasiCtx::builder()
        .args(&arguments)
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .build();
    let mut table = ResourceTable::new();
    table.set_max_capacity(4096);
    let net = NetCtx {
        network: network.clone(),
        notice: Notice::nobody(),
    };
    let mut store = Store::new(engine, State { table, wasi, net });
    let task = tokio::spawn(async move {
        let command = command
            .instantiate_async(&mut store)
            .await
            .map_err(|error| format!("{error:?}"))?;
        let ended = command.wasi_cli_run().call_run(&mut store).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            ended => Err(format!("{ended:?}: {}", String::from_utf8_lossy(&stderr.contents()))),
        }
    });
    Program { task, stdout }
}

/// Connects to a port inside as soon as somebody listens.
async fn connect(network: &Network, port: u16) -> Connection {
    let started = Instant::now();
    while !network.ports().contains(&port) {
        assert!(
            started.elapsed() < SOON,
            "nobody listens on {port}: {:?}",
            network.ports()
        );
        sleep(Duration::from_millis(1)).await;
    }
    network.connect(port).await.expect("a connection")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < SOON, "{what}");
        sleep(Duration::from_millis(1)).await;
    }
}

fn nothing_is_held(network: &Network) {
    let usage = network.usage();
    assert_eq!((usage.bindings, usage.loopback, usage.outside), (0, 0, 0));
}

async fn get(connection: &mut Connection, path: &str) -> String {
    connection
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = connection.read(&mut buffer).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && !body.is_empty()
        {
            return body.to_owned();
        }
    }
}

#[tokio::test]
async fn two_sandboxes_serve_on_one_port() {
    let networks = [Network::private(), Network::private()];
    let programs = [
        start(&networks[0], &["http", "zero"]),
        start(&networks[1], &["http", "one"]),
    ];
    let mut first = connect(&networks[0], 3000).await;
    let mut second = connect(&networks[1], 3000).await;
    assert_eq!(
        (get(&mut first, "/").await, get(&mut second, "/").await),
        ("zero".to_owned(), "one".to_owned())
    );
    assert!(
        tokio::net::TcpStream::connect("127.0.0.1:3000").await.is_err(),
        "no port of the machine"
    );
    assert_eq!(get(&mut first, "/quit").await, "zero");
    assert_eq!(get(&mut second, "/quit").await, "one");
    for (program, network) in programs.into_iter().zip(&networks) {
        program.output().await;
        assert!(network.connect(3000).await.is_err());
    }
    drop((first, second));
    networks.iter().for_each(nothing_is_held);
}

#[tokio::test]
async fn bytes_arrive_in_order_and_half_close_works() {
    let network = Network::private();
    let program = start(&network, &["echo"]);
    let connection = connect(&network, 7).await;
    let sent: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
    let (mut reader, mut writer) = tokio::io::split(connection);
    let expected = sent.clone();
    let writing = tokio::spawn(async move {
        for piece in sent.chunks(7919) {
            writer.write_all(piece).await.unwrap();
        }
        writer.shutdown().await.unwrap();
        writer
    });
    let mut received = Vec::new();
    timeout(SOON, reader.read_to_end(&mut received))
        .await
        .expect("an end")
        .unwrap();
    let tail = b"|1000003";
    assert!(
        received.starts_with(&expected) && received.ends_with(tail),
        "{} bytes",
        received.len()
    );
    drop((reader, writing.await.unwrap()));
    program.output().await;
    nothing_is_held(&network);
}

#[tokio::test]
async fn a_program_talks_to_itself() {
    let network = Network::private();
    start(&network, &["itself"]).output().await;
    nothing_is_held(&network);
}

#[tokio::test]
async fn errors_are_those_of_linux() {
    let network = Network::new(
        Egress::with_resolver([], Vec::new(), Arc::new(Names(Vec::new()))),
        Policy::open(),
    );
    start(&network, &["errors"]).output().await;
    nothing_is_held(&network);
}

#[tokio::test]
async fn datagrams_go_where_they_are_sent() {
    let network = Network::new(
        Egress::with_resolver([], Vec::new(), Arc::new(Names(Vec::new()))),
        Policy::open(),
    );
    start(&network, &["datagrams"]).output().await;
    nothing_is_held(&network);
}

#[tokio::test]
async fn datagrams_leave_as_operator_and_policy_both_let_and_only_answers_come_back() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let network = Network::new(egress(address), Policy::open());
    let answering = tokio::spawn(async move {
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut buffer = [0; 64];
        loop {
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], b"question");
            // The kernel lets nobody else in.
            stranger.send_to(b"forged", from).await.unwrap();
            server.send_to(b"answer", from).await.unwrap();
        }
    });
    let ask = async |address: &str| start(&network, &["ask", address]).output().await;
    assert_eq!(ask(&address.to_string()).await, "answer\n");
    // A neighbouring port of the machine is not there.
    let neighbour = format!("127.0.0.1:{}", address.port() ^ 1);
    assert_eq!(ask(&neighbour).await, "ConnectionRefused\n");
    for (policy, answer) in [
        (Policy::blocked(), "PermissionDenied\n"),
        (policy("127.0.0.0/8", ""), "answer\n"),
        (policy("1.1.1.0/24", ""), "PermissionDenied\n"),
    ] {
        network.set_policy(policy.clone());
        assert_eq!(ask(&address.to_string()).await, answer, "{policy:?}");
    }
    nothing_is_held(&network);
    answering.abort();
}

#[tokio::test]
async fn hostile_programs_meet_limits() {
    let network = Network::private();
    let said = start(&network, &["hostile"]).output().await;
    let held: usize = said.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(held <= sandbar_net::limits::LOOPBACK_CONNECTIONS, "{said}");
    nothing_is_held(&network);
}

#[tokio::test]
async fn a_killed_program_frees_its_port_and_cuts_its_connections() {
    let network = Network::private();
    let program = start(&network, &["lazy"]);
    let mut waiting = connect(&network, 3000).await;
    program.task.abort();
    let ended = timeout(SOON, waiting.read(&mut [0; 8])).await.expect("an end");
    assert_eq!(
        ended.expect_err("never accepted").kind(),
        io::ErrorKind::ConnectionReset
    );
    drop(waiting);
    until("the port is free", || network.usage().bindings == 0).await;
    nothing_is_held(&network);
}

#[tokio::test]
async fn a_full_backlog_makes_wait_and_the_listeners_end_refuses() {
    let network = Network::private();
    let program = start(&network, &["lazy"]);
    let mut held = vec![connect(&network, 3000).await];
    // std asks for 128.
    while let Ok(connection) = timeout(Duration::from_millis(50), network.connect(3000)).await {
        held.push(connection.unwrap());
        assert!(held.len() <= sandbar_net::limits::BACKLOG);
    }
    assert_eq!(held.len(), 128);
    let late = tokio::spawn({
        let network = network.clone();
        async move { network.connect(3000).await }
    });
    sleep(Duration::from_millis(20)).await;
    program.task.abort();
    let refused = timeout(SOON, late).await.expect("an end").unwrap();
    assert!(
        matches!(refused, Err(sandbar_net::ConnectError::Refused(_))),
        "{refused:?}"
    );
}

/// Knows what it was given.
struct Names(Vec<(&'static str, IpAddr)>);

impl Resolve for Names {
    fn resolve(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + '_>> {
        let found: Vec<IpAddr> = self
            .0
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, address)| *address)
            .collect();
        Box::pin(async move {
            if found.is_empty() {
                Err(io::ErrorKind::NotFound.into())
            } else {
                Ok(found)
            }
        })
    }
}

/// A server of the machine that greets.
async fn greeter() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                stream.write_all(b"hello").await.unwrap();
                stream.shutdown().await.unwrap();
                let _ = stream.read(&mut [0; 8]).await;
            });
        }
    });
    (address, task)
}

/// A way out to `address` alone, as `--egress-allow` opens it, and two names.
fn egress(address: SocketAddr) -> Arc<Egress> {
    let names = vec![
        ("greeter.test", address.ip()),
        ("internal.test", "10.0.0.1".parse().unwrap()),
    ];
    Egress::with_resolver([address], Vec::new(), Arc::new(Names(names)))
}

/// What a program says that connects to `address`.
async fn fetch(network: &Network, address: &str) -> String {
    start(network, &["fetch", address]).output().await
}

fn policy(networks: &str, domains: &str) -> Policy {
    Policy::parse(false, Some(networks), Some(domains)).expect("a policy")
}

#[tokio::test]
async fn the_way_out_is_what_operator_and_policy_both_let() {
    let (address, server) = greeter().await;
    let (neighbour, other) = greeter().await;
    let port = address.port();
    let network = Network::new(egress(address), Policy::open());
    let hello = "connected\nhello\n";
    for (policy, allowed) in [
        (Policy::open(), true),
        (Policy::blocked(), false),
        (policy("127.0.0.0/8", ""), true),
        (policy("1.1.1.0/24", ""), false),
    ] {
        network.set_policy(policy.clone());
        let said = fetch(&network, &address.to_string()).await;
        assert_eq!(said, if allowed { hello } else { "PermissionDenied\n" }, "{policy:?}");
    }
    network.set_policy(Policy::open());
    // A neighbouring port of the machine is not there: the address means the sandbox itself.
    assert_eq!(fetch(&network, &neighbour.to_string()).await, "ConnectionRefused\n");
    // By name, which a list of domains may have or not.
    let named = format!("greeter.test:{port}");
    assert_eq!(fetch(&network, &named).await, hello);
    network.set_policy(policy("", "other.test, *.greeter.test"));
    assert!(!fetch(&network, &named).await.contains("connected"));
    network.set_policy(policy("", "greeter.test"));
    // Known by name from before, and by now again.
    assert_eq!(fetch(&network, &named).await, hello);
    assert_eq!(fetch(&network, &address.to_string()).await, hello);
    // A name that leads to a private network leads nowhere.
    network.set_policy(Policy::open());
    assert!(!fetch(&network, "internal.test:80").await.contains("connected"));
    nothing_is_held(&network);
    server.abort();
    other.abort();
}

#[tokio::test]
async fn an_address_counts_for_a_list_of_domains_only_once_it_was_looked_up() {
    let (address, server) = greeter().await;
    let network = Network::new(egress(address), policy("", "greeter.test"));
    assert_eq!(fetch(&network, &address.to_string()).await, "PermissionDenied\n");
    assert_eq!(
        fetch(&network, &format!("greeter.test:{}", address.port())).await,
        "connected\nhello\n"
    );
    assert_eq!(fetch(&network, &address.to_string()).await, "connected\nhello\n");
    server.abort();
}

#[tokio::test]
async fn a_change_of_policy_cuts_what_it_no_longer_allows() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let network = Network::new(egress(address), Policy::open());
    let program = start(&network, &["fetch", &address.to_string()]);
    let (mut stream, _) = timeout(SOON, listener.accept()).await.expect("a connection").unwrap();
    program.wrote("connected").await;
    assert_eq!(network.usage().outside, 1);
    assert_eq!(network.set_policy(policy("127.0.0.1/32", "")), 0, "still allowed");
    assert_eq!(network.set_policy(Policy::blocked()), 1);
    let said = program.output().await;
    assert!(said.contains("cut: "), "{said}");
    assert_eq!(
        timeout(SOON, stream.read(&mut [0; 8]))
            .await
            .expect("an end")
            .unwrap_or(0),
        0
    );
    assert_eq!(fetch(&network, &address.to_string()).await, "PermissionDenied\n");
    nothing_is_held(&network);
}

#[tokio::test]
async fn without_a_way_out_there_is_none() {
    let (address, server) = greeter().await;
    let network = Network::private();
    assert_eq!(fetch(&network, &address.to_string()).await, "ConnectionRefused\n");
    assert_eq!(fetch(&network, "1.1.1.1:53").await, "PermissionDenied\n");
    assert!(!fetch(&network, "greeter.test:80").await.contains("connected"));
    server.abort();
}
