//! Hands the linker what the guest runtime needs, and generates the tables of programs from `programs.txt`.

use std::fmt::Write;
use std::path::Path;

/// Interpreters are recursive: awk's functions, jq's filters.
const STACK: &str = "-zstack-size=4194304";
/// The programs that tools are in.
const PROGRAMS: [&str; 3] = ["tools", "tools-data", "tools-net"];

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=programs.txt");
    let is_wasm = std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm");
    if is_wasm {
        for argument in sandbar_guest_rt::LINK_ARGUMENTS.iter().chain([&STACK]) {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    let out = std::env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?;
    let text = std::fs::read_to_string("programs.txt")?;
    for program in PROGRAMS {
        std::fs::write(
            Path::new(&out).join(format!("{program}.rs")),
            table(&text, program, is_wasm),
        )?;
    }
    Ok(())
}

/// The table of one program, in order of name. Natively only our own tools are in it: uutils is built for Wasm alone.
fn table(text: &str, program: &str, is_wasm: bool) -> String {
    let mut section = "";
    let mut rows = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((name, main)) = line.split_once(' ')
            && !line.starts_with('#')
            && section == program
            && (is_wasm || main.trim().starts_with("tools::"))
        {
            rows.push((name, main.trim()));
        }
    }
    rows.sort_unstable();
    let mut code = String::from("const PROGRAMS: &[(&str, Program)] = &[\n");
    for (name, main) in rows {
        let kind = if main.starts_with("tools::") { "Own" } else { "Uutils" };
        let _ = writeln!(code, "    ({name:?}, Program::{kind}({main})),");
    }
    code.push_str("];\n");
    code
}
