//! A command with many small behaviours, chosen by its first argument.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map_or("", String::as_str) {
        "report" => report(&words),
        "fill" => fill(),
        "handles" => handles(),
        "memory" => memory(),
        "output" => loop {
            println!("{}", "x".repeat(1000));
        },
        "loop" => loop {
            std::hint::spin_loop();
        },
        "net" => net(),
        other => {
            println!("no case {other:?}");
            ExitCode::from(2)
        }
    }
}

/// All that a program sees of its world.
fn report(words: &[String]) -> ExitCode {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).expect("an input");
    println!("arguments {}", words[1..].join("|"));
    println!("variable {}", std::env::var("OWN").unwrap_or_default());
    println!("input {}", input.to_uppercase());
    // Rust's library for WASI does not ask for the working directory, and takes the root for it.
    let file = format!("{}/written.txt", std::env::var("PWD").unwrap_or_default());
    std::fs::write(&file, "by a program").expect("a file in the working directory");
    println!("file {}", std::fs::read_to_string(&file).expect("it is there"));
    eprintln!("and an error");
    ExitCode::from(7)
}

/// Writes until it may not.
fn fill() -> ExitCode {
    let mut file = std::fs::File::create("full").expect("a file");
    let piece = vec![1_u8; 1 << 20];
    for written in 0.. {
        if let Err(error) = file.write_all(&piece) {
            println!("{written} MiB, then: {error}");
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Opens until it may not.
fn handles() -> ExitCode {
    let mut open = Vec::new();
    let error = loop {
        match std::fs::File::create(format!("file{}", open.len())) {
            Ok(file) => open.push(file),
            Err(error) => break error,
        }
    };
    println!("{} open, then: {error}", open.len());
    ExitCode::SUCCESS
}

/// Takes memory until there is none.
fn memory() -> ExitCode {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

/// Speaks to itself over the loopback.
fn net() -> ExitCode {
    let listener = std::net::TcpListener::bind("127.0.0.1:4000").expect("a port");
    let mut client = std::net::TcpStream::connect("127.0.0.1:4000").expect("a connection");
    let (mut server, _) = listener.accept().expect("the same");
    client.write_all(b"ping").expect("sent");
    let mut got = [0; 4];
    server.read_exact(&mut got).expect("received");
    println!("{}", String::from_utf8_lossy(&got));
    ExitCode::SUCCESS
}
