//! Link arguments of the Wasm build; and node's modules (`js/**.js`), compiled to the engine's bytecode.

use rquickjs::module::WriteOptions;
use rquickjs::{CatchResultExt, Context, Module, Runtime};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Stack of the guest in bytes: the engine and the TypeScript compiler are recursive. Linear memory is touched lazily,
/// so an unused stack costs nothing.
const STACK: u32 = 8 << 20;

/// The parameters of every module of ours.
const HEAD: &str = "export default function (exports, require, module, binding, internal) {";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=js");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("wasm") {
        return Ok(());
    }
    for argument in sandbar_guest_rt::LINK_ARGUMENTS {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rustc-link-arg-bins=-zstack-size={STACK}");
    // See `engine::stack`.
    println!("cargo:rustc-link-arg-bins=--wrap=JS_UpdateStackTop");

    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut files = Vec::new();
    collect(Path::new("js"), &mut files)?;
    // In order of name, by which they are looked up.
    let mut named = Vec::with_capacity(files.len());
    for file in files {
        let name = file.strip_prefix("js")?.with_extension("");
        let name = name.to_str().ok_or("a name that is not UTF-8")?.to_owned();
        named.push((name, file));
    }
    named.sort();
    let runtime = Runtime::new()?;
    let context = Context::full(&runtime)?;
    let mut table = String::from("&[\n");
    for (index, (name, file)) in named.iter().enumerate() {
        let source = format!("{HEAD}{}\n}}", std::fs::read_to_string(file)?);
        let code = context.with(|ctx| {
            let options = || WriteOptions {
                strip_source: true,
                ..WriteOptions::default()
            };
            Module::declare(ctx.clone(), format!("node:internal:{name}"), source)
                .and_then(|module| module.write(options()))
                .catch(&ctx)
                .map_err(|error| format!("{}: {error}", file.display()))
        })?;
        let code_file = out.join(format!("{index}.bytecode"));
        std::fs::write(&code_file, code)?;
        writeln!(
            table,
            "    ({name:?}, include_bytes!({:?})),",
            code_file.display().to_string()
        )?;
    }
    table.push(']');
    std::fs::write(out.join("modules.rs"), table)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "js") {
            files.push(path);
        }
    }
    Ok(())
}
