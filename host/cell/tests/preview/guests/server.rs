//! A server inside a sandbox. `sh -c CASE` starts it: `loop` serves many connections at once, `one` one after the other.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

#[repr(C)]
struct PollFd {
    fd: i32,
    events: i16,
    revents: i16,
}

unsafe extern "C" {
    fn poll(fds: *mut PollFd, count: usize, timeout: i32) -> i32;
}

struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Closes once the output has left.
    last: bool,
    /// A WebSocket: bytes go back as they come.
    tunnel: bool,
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::new(), output: Vec::new(), last: false, tunnel: false }
    }

    fn say(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
    }

    fn body(&mut self, body: &[u8]) {
        self.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()));
        self.output.extend_from_slice(body);
    }

    /// Answers every whole request that has come.
    fn answer(&mut self, number: u32) {
        loop {
            if self.tunnel {
                let input = std::mem::take(&mut self.input);
                self.output.extend_from_slice(&input);
                return;
            }
            let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") else { return };
            let head = String::from_utf8_lossy(&self.input[..end + 4]).into_owned();
            let length: usize = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if self.input.len() < end + 4 + length {
                return;
            }
            let body: Vec<u8> = self.input.drain(..end + 4 + length).skip(end + 4).collect();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            match path.split('?').next().unwrap() {
                "/head" => self.body(head.as_bytes()),
                "/echo" => self.body(&body),
                "/connection" => self.body(number.to_string().as_bytes()),
                "/cut" => {
                    self.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
                    self.last = true;
                }
                "/both" => self.say(
                    "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\nsandbar-forward: x\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                ),
                "/large-head" => {
                    let large = "a".repeat(200_000);
                    self.say(&format!("HTTP/1.1 200 OK\r\nx: {large}\r\ncontent-length: 0\r\n\r\n"));
                    self.last = true;
                }
                "/many-headers" => {
                    let many: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
                    self.say(&format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n"));
                }
                "/chunks" => {
                    self.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                    for n in 0..100 {
                        let piece = vec![n; 10_000];
                        self.say("2710\r\n");
                        self.output.extend_from_slice(&piece);
                        self.say("\r\n");
                    }
                    self.say("0\r\n\r\n");
                }
                "/garbage" => {
                    self.say("this is no HTTP\r\n\r\n");
                    self.last = true;
                }
                "/bye" => {
                    self.say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbye");
                    self.last = true;
                }
                "/hang-up" => self.last = true,
                "/socket" => {
                    assert_eq!(header(&head, "upgrade"), Some("websocket"));
                    assert!(header(&head, "sec-websocket-key").is_some_and(|key| key.len() == 24));
                    self.say("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: x\r\nsec-websocket-protocol: echo\r\n\r\nwelcome");
                    self.tunnel = true;
                }
                "/refused" => self.say("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"),
                _ => self.body(b"hello"),
            }
        }
    }

    /// False: it is over.
    fn work(&mut self, number: u32) -> bool {
        let mut buffer = [0; 16384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(read) => self.input.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
            // Whatever came is answered at once: one read is the rule.
            if self.input.len() < buffer.len() {
                break;
            }
        }
        self.answer(number);
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(written) => drop(self.output.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        !self.last
    }
}

fn many() {
    let listener = TcpListener::bind("0.0.0.0:3000").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut clients: HashMap<RawFd, (u32, Client)> = HashMap::new();
    let mut accepted = 0;
    loop {
        let mut fds = vec![PollFd { fd: listener.as_raw_fd(), events: 1, revents: 0 }];
        fds.extend(clients.iter().map(|(fd, (_, client))| PollFd {
            fd: *fd,
            events: if client.output.is_empty() { 1 } else { 3 },
            revents: 0,
        }));
        assert!(unsafe { poll(fds.as_mut_ptr(), fds.len(), -1) } >= 0);
        for ready in fds.iter().filter(|ready| ready.revents != 0) {
            if ready.fd == listener.as_raw_fd() {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true).unwrap();
                    accepted += 1;
                    clients.insert(stream.as_raw_fd(), (accepted, Client::new(stream)));
                }
            } else if let Some((number, client)) = clients.get_mut(&ready.fd)
                && !client.work(*number)
            {
                clients.remove(&ready.fd);
            }
        }
    }
}

/// Keeps every connection until its client closes it, and looks at no other meanwhile.
fn one() {
    let listener = TcpListener::bind("[::1]:3000").unwrap();
    for (number, stream) in (1..).zip(listener.incoming()) {
        let mut client = Client::new(stream.unwrap());
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = client.stream.read(&mut buffer) {
            client.input.extend_from_slice(&buffer[..read]);
            client.answer(number);
            let output = std::mem::take(&mut client.output);
            if client.stream.write_all(&output).is_err() {
                break;
            }
        }
    }
}

fn main() {
    match std::env::args().nth(2).as_deref() {
        Some("loop") => many(),
        Some("one") => one(),
        case => panic!("no case {case:?}"),
    }
}
