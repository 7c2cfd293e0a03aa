//! A small compiled server for previews: `server PORT` answers whatever is asked, on many kept-alive connections at once.

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

const READABLE: i16 = 1;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok";

/// A connection, and what came of a request that is not whole yet.
struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    /// Answers every whole request that has come; false once it is over.
    fn work(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(read) => self.input.extend_from_slice(&buffer[..read]),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
        while let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
            self.input.drain(..end + 4);
            // Answers are small: there is room for one to each request on its way.
            if self.stream.write_all(ANSWER).is_err() {
                return false;
            }
        }
        true
    }
}

fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free");
    listener.set_nonblocking(true).expect("a socket");
    let mut clients: HashMap<RawFd, Client> = HashMap::new();
    loop {
        let all = clients.keys().copied().chain([listener.as_raw_fd()]);
        let mut fds: Vec<PollFd> = all
            .map(|fd| PollFd {
                fd,
                events: READABLE,
                revents: 0,
            })
            .collect();
        // SAFETY: the array lives through the call, and its length is the one given.
        assert!(unsafe { poll(fds.as_mut_ptr(), fds.len(), -1) } >= 0);
        for ready in fds.iter().filter(|ready| ready.revents != 0) {
            if let Some(client) = clients.get_mut(&ready.fd) {
                if !client.work() {
                    clients.remove(&ready.fd);
                }
                continue;
            }
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true).expect("a socket");
                let fd = stream.as_raw_fd();
                let input = Vec::new();
                clients.insert(fd, Client { stream, input });
            }
        }
    }
}
