//! A guest that uses sockets as programs do, through std and libc. Its first argument names the case.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn argument(number: usize) -> String {
    std::env::args().nth(number).expect("an argument")
}

/// A server of the simplest kind: HTTP/1.1 with keep-alive, one connection at a time.
fn http(name: &str) {
    let listener = TcpListener::bind("127.0.0.1:3000").unwrap();
    for connection in listener.incoming() {
        let mut connection = connection.unwrap();
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            while !head.ends_with(b"\r\n\r\n") {
                match connection.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => head.extend_from_slice(&buffer[..read]),
                }
            }
            if head.is_empty() {
                break;
            }
            let quit = head.starts_with(b"GET /quit");
            head.clear();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
            connection.write_all(answer.as_bytes()).unwrap();
            if quit {
                return;
            }
        }
    }
}

/// Echoes one connection to its end, then says how much it was.
fn echo() {
    let listener = TcpListener::bind("[::]:7").unwrap();
    let (mut connection, peer) = listener.accept().unwrap();
    assert!(peer.ip().is_loopback() && peer.port() != 0, "{peer}");
    assert_eq!(connection.local_addr().unwrap().port(), 7);
    let (mut buffer, mut total) = ([0; 10_000], 0);
    loop {
        let read = connection.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        connection.write_all(&buffer[..read]).unwrap();
        total += read;
    }
    connection.write_all(format!("|{total}").as_bytes()).unwrap();
}

/// A program that talks to itself, as asyncio does for its wake-ups.
fn itself() {
    for host in ["127.0.0.1", "::1", "127.5.6.7"] {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert_ne!(address.port(), 0);
        let mut client = TcpStream::connect(address).unwrap();
        assert_eq!(client.peer_addr().unwrap(), address);
        let (mut server, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        client.set_nodelay(true).unwrap();
        client.write_all(b"there").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.write_all(b"no").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        assert_eq!(text, "there");
        // Half closed: the other direction still works.
        server.write_all(b"and back").unwrap();
        drop(server);
        text.clear();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "and back");
    }
    // A name of its own.
    let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
    TcpStream::connect("localhost:8080").unwrap();
    drop(listener);
    TcpListener::bind("0.0.0.0:8080").unwrap();
}

fn errors() {
    let kind = |result: std::io::Result<TcpListener>| result.map(drop).unwrap_err().kind();
    let listener = TcpListener::bind("127.0.0.1:3000").unwrap();
    for taken in ["127.0.0.1:3000", "0.0.0.0:3000"] {
        assert_eq!(kind(TcpListener::bind(taken)), ErrorKind::AddrInUse, "{taken}");
    }
    TcpListener::bind("127.0.0.2:3000").unwrap();
    TcpListener::bind("[::1]:3000").unwrap();
    for foreign in ["10.0.0.1:80", "8.8.8.8:80", "[2001:db8::1]:80"] {
        assert_eq!(kind(TcpListener::bind(foreign)), ErrorKind::AddrNotAvailable, "{foreign}");
    }
    drop(listener);
    TcpListener::bind("127.0.0.1:3000").unwrap();

    assert_eq!(TcpStream::connect("127.0.0.1:3000").unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(TcpStream::connect("[::1]:1").unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // Each is refused by what it is, whatever the policy.
    for never in ["10.0.0.1:80", "169.254.169.254:80", "192.168.1.1:22", "[fd00::1]:80", "[64:ff9b::7f00:1]:80", "100.64.0.1:1"] {
        assert_eq!(TcpStream::connect(never).unwrap_err().kind(), ErrorKind::PermissionDenied, "{never}");
    }
    for strange in ["224.0.0.1:80", "255.255.255.255:80", "[ff02::1]:80", "[::ffff:127.0.0.1]:80", "127.0.0.1:0"] {
        assert!(TcpStream::connect(strange).is_err(), "{strange}");
    }
    for name in ["no-such-name.invalid", "", "a b", "127.1"] {
        assert!((name, 80).to_socket_addrs().is_err(), "{name:?}");
    }
    let local: Vec<IpAddr> = ("localhost", 80).to_socket_addrs().unwrap().map(|address| address.ip()).collect();
    assert!(local.iter().all(IpAddr::is_loopback) && !local.is_empty(), "{local:?}");
    assert_eq!(("::1", 80).to_socket_addrs().unwrap().next(), Some(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 80))));
    connect_failed_then_asked();
}

/// libc aborts a program whose host answers a question about a failed socket with an unexpected code.
fn connect_failed_then_asked() {
    unsafe extern "C" {
        fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
        fn connect(fd: i32, address: *const u8, length: u32) -> i32;
        fn getsockname(fd: i32, address: *mut u8, length: *mut u32) -> i32;
        fn getpeername(fd: i32, address: *mut u8, length: *mut u32) -> i32;
        fn listen(fd: i32, backlog: i32) -> i32;
        fn shutdown(fd: i32, how: i32) -> i32;
    }
    // wasi-libc: AF_INET 1, SOCK_STREAM 6; sockaddr_in: family (u16), port, address.
    let address: [u8; 16] = [1, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let (mut answer, mut length) = ([0_u8; 128], 128_u32);
    unsafe {
        let fd = socket(1, 6, 0);
        assert!(fd > 2);
        getsockname(fd, answer.as_mut_ptr(), &mut length);
        assert_eq!(connect(fd, address.as_ptr(), 16), -1);
        length = 128;
        getsockname(fd, answer.as_mut_ptr(), &mut length);
        length = 128;
        assert_eq!(getpeername(fd, answer.as_mut_ptr(), &mut length), -1);
        assert_eq!(shutdown(fd, 2), -1);
        assert_eq!(listen(fd, 1), -1);
        assert_eq!(connect(fd, address.as_ptr(), 16), -1);
    }
}

/// Ten thousand sockets, in every way; the program must see an error, not a trap.
fn hostile() {
    let mut listeners = Vec::new();
    let refused = (1..10_000).find_map(|port| match TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => {
            listeners.push(listener);
            None
        }
        Err(error) => Some(error),
    });
    assert!(refused.is_some(), "a limit on listeners");
    let mut clients = Vec::new();
    let address = listeners.pop().unwrap().local_addr().unwrap();
    let listener = TcpListener::bind(address).unwrap();
    let mut servers = Vec::new();
    let refused = (0..10_000).find_map(|_| match TcpStream::connect(address) {
        Ok(client) => {
            clients.push(client);
            servers.push(listener.accept().map(|(server, _)| server));
            None
        }
        Err(error) => Some(error),
    });
    let refused = refused.expect("a limit on connections");
    let held = clients.len();
    // Nobody reads, nobody accepts: what is written is bounded.
    let mut stuck = clients.swap_remove(0);
    stuck.set_nonblocking(true).unwrap();
    let written: usize = std::iter::from_fn(|| stuck.write(&[0; 1000]).ok()).sum();
    assert!(written > 0 && written <= 1 << 20, "{written}");
    drop((clients, servers, listeners, stuck));
    // Everything is there again.
    TcpStream::connect(address).unwrap();
    println!("{held} {refused}");
}

/// Connects where it is told and prints what comes; `cut` waits for the end of the connection.
fn fetch() {
    let address = argument(2);
    let mut stream = match TcpStream::connect(&address) {
        Ok(stream) => stream,
        Err(error) => return println!("{:?}", error.kind()),
    };
    println!("connected");
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Ok(_) => println!("{}", String::from_utf8_lossy(&text)),
        Err(error) => println!("cut: {error}"),
    }
}

/// Listens with room for one and never accepts; ends when standard input does.
fn lazy() {
    let listener = TcpListener::bind("127.0.0.1:3000").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(600));
    drop(listener);
}

/// Datagrams inside: who sent them, to whom they go, and what is refused.
fn datagrams() {
    for host in ["127.0.0.1", "::1"] {
        let server = UdpSocket::bind((host, 53)).unwrap();
        assert_eq!(UdpSocket::bind((host, 53)).unwrap_err().kind(), ErrorKind::AddrInUse);
        let client = UdpSocket::bind((host, 0)).unwrap();
        let mut buffer = [0; 2048];
        for n in 0..40_u8 {
            client.send_to(&[n; 300], server.local_addr().unwrap()).unwrap();
        }
        for n in 0..40_u8 {
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..length], from), (&[n; 300][..], client.local_addr().unwrap()));
        }
        server.send_to(b"", client.local_addr().unwrap()).unwrap();
        assert_eq!(client.recv_from(&mut buffer).unwrap(), (0, server.local_addr().unwrap()));
        client.connect(server.local_addr().unwrap()).unwrap();
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
        client.send(b"asked").unwrap();
        let (length, from) = server.recv_from(&mut buffer).unwrap();
        // Who is not asked is not heard.
        let stranger = UdpSocket::bind((host, 0)).unwrap();
        stranger.send_to(b"forged", from).unwrap();
        server.send_to(&buffer[..length], from).unwrap();
        let length = client.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"asked");
        drop(server);
        assert_eq!(client.send(b"anybody?").unwrap_err().kind(), ErrorKind::ConnectionRefused);
        stranger.send_to(b"anybody?", (host, 53)).unwrap();
        client.set_nonblocking(true).unwrap();
        assert_eq!(client.recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stranger.send_to(&vec![0; 70_000], from).is_err());
    }
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    for never in ["10.0.0.1:53", "169.254.169.254:53", "192.168.1.1:53"] {
        assert_eq!(socket.send_to(b"x", never).unwrap_err().kind(), ErrorKind::PermissionDenied, "{never}");
    }
    assert_eq!(UdpSocket::bind("8.8.8.8:53").unwrap_err().kind(), ErrorKind::AddrNotAvailable);
    let held: Vec<UdpSocket> = (0..10_000).map_while(|_| UdpSocket::bind("127.0.0.1:0").ok()).collect();
    assert!((10..1000).contains(&held.len()), "{}", held.len());
}

/// Asks one question of a server of datagrams and prints the answer.
fn ask() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    if let Err(error) = socket.connect(argument(2)).and_then(|()| socket.send(b"question")) {
        return println!("{:?}", error.kind());
    }
    let mut buffer = [0; 2048];
    match socket.recv(&mut buffer) {
        Ok(length) => println!("{}", String::from_utf8_lossy(&buffer[..length])),
        Err(error) => println!("{:?}", error.kind()),
    }
}

fn main() {
    match argument(1).as_str() {
        "datagrams" => datagrams(),
        "ask" => ask(),
        "http" => http(&argument(2)),
        "echo" => echo(),
        "itself" => itself(),
        "errors" => errors(),
        "hostile" => hostile(),
        "fetch" => fetch(),
        "lazy" => lazy(),
        case => panic!("no case {case}"),
    }
}
