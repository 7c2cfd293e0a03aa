//! Hands the linker what the guest runtime needs.

/// Merging and walking trees recurse in C.
const STACK: &str = "-zstack-size=4194304";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        for argument in sandbar_guest_rt::LINK_ARGUMENTS.iter().chain([&STACK]) {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}
