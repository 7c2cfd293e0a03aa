//! What the layer's commonest operations cost, in a temporary directory:
//! `cargo run --release -p sandbar-files --example speed`.
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::fs;
use std::time::Instant;

use sandbar_files::{Limits, OpenOptions, Tree};

const ROUNDS: u32 = 2000;

fn measure(what: &str, mut operation: impl FnMut(u32)) {
    let start = Instant::now();
    (0..ROUNDS).for_each(&mut operation);
    println!(
        "{what:<40} {:8.2} us",
        start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let base = dir.path().join("base");
    fs::create_dir_all(base.join("usr/lib/python/site"))?;
    for n in 0..ROUNDS {
        fs::write(base.join(format!("usr/lib/python/site/m{n}.py")), "x")?;
    }
    let start = Instant::now();
    let tree = Tree::open(&dir.path().join("upper"), &[base], Limits::default())?;
    println!(
        "{:<40} {:8.2} us",
        "open an empty upper layer",
        start.elapsed().as_secs_f64() * 1e6
    );
    tree.create_dir_all("/home/user/project", 0o755)?;

    let file = |n| format!("/home/user/project/f{n}");
    let module = |n| format!("/usr/lib/python/site/m{n}.py");
    measure("create, write 100 bytes, close", |n| {
        let file = tree.open_file(&file(n), &OpenOptions::overwrite()).expect("create");
        file.write_at(&[1; 100], 0).expect("write");
    });
    measure("stat an upper file", |n| {
        tree.stat(&file(n), true).expect("stat");
    });
    measure("stat a lower file", |n| {
        tree.stat(&module(n), true).expect("stat");
    });
    measure("stat what is missing", |n| {
        drop(tree.stat(&format!("/usr/lib/python/x{n}"), true))
    });
    measure("open, read, close a lower file", |n| {
        drop(tree.read_file(&module(n), 10).expect("read"))
    });
    measure("copy up 1 byte by appending", |n| {
        let file = tree.open_file(&module(n), &OpenOptions::appending()).expect("open");
        file.append(b"y").expect("append");
    });
    measure("rename a file", |n| {
        tree.rename(&file(n), &format!("/home/user/g{n}")).expect("rename")
    });
    measure("remove a file", |n| {
        tree.remove_file(&format!("/home/user/g{n}")).expect("remove")
    });
    let start = Instant::now();
    let entries = tree.read_dir("/usr/lib/python/site")?.len();
    println!(
        "list {entries} merged entries {:27.2} us",
        start.elapsed().as_secs_f64() * 1e6
    );
    Ok(())
}
