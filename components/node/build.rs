//! Link arguments of the Wasm build.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        for argument in sandbar_guest_rt::LINK_ARGUMENTS {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}
