//! Hands the linker what the guest runtime needs, and generates the table of programs from `programs.txt`.

use std::fmt::Write;
use std::path::Path;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=programs.txt");
    let is_wasm = std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm");
    if is_wasm {
        for argument in sandbar_guest_rt::LINK_ARGUMENTS {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    let out = std::env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::write(
        Path::new(&out).join("programs.rs"),
        table(&std::fs::read_to_string("programs.txt")?, is_wasm),
    )
}

/// The table, in order of name. Natively only our own programs are in it: uutils is built for Wasm alone.
fn table(text: &str, is_wasm: bool) -> String {
    let mut rows: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(name, main)| (name, main.trim()))
        .filter(|(_, main)| is_wasm || main.starts_with("tools::"))
        .collect();
    rows.sort_unstable();
    let mut code = String::from("const PROGRAMS: &[(&str, Program)] = &[\n");
    for (name, main) in rows {
        let kind = if main.starts_with("tools::") { "Own" } else { "Uutils" };
        let _ = writeln!(code, "    ({name:?}, Program::{kind}({main})),");
    }
    code.push_str("];\n");
    code
}
