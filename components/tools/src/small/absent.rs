//! Programs that people try and that cannot be here: each answers with one plain sentence.

use crate::console;
use std::ffi::OsString;
use std::path::Path;

/// As shells have it for programs that are not there.
const NOT_FOUND: i32 = 127;

const SENTENCES: &[(&[&str], &str)] = &[
    (
        &["apt", "apt-get", "apk", "yum", "dnf", "dpkg", "brew", "snap"],
        "packages of Linux distributions are native programs, which a sandbox cannot run; its tools are in /usr/bin",
    ),
    (
        &["docker", "podman", "kubectl", "systemctl", "service", "mount", "umount"],
        "there is no kernel underneath a sandbox: no containers, services or mounts; start programs directly",
    ),
    (
        &[
            "gcc", "g++", "cc", "clang", "make", "cmake", "rustc", "cargo", "go", "java",
        ],
        "compilers are native programs, which a sandbox cannot run; upload a program that is compiled for wasm32-wasip2",
    ),
    (
        &["vi", "vim", "nano", "emacs"],
        "there is no screen editor; write files with the API, a here-document, sed -i or python3",
    ),
    (
        &["ssh", "scp", "rsync", "sftp"],
        "there is no SSH in a sandbox; use curl for transfers, or the API's file endpoints",
    ),
    (
        &["iptables", "ip", "ifconfig", "netstat", "ss"],
        "a sandbox has a private loopback network and no interfaces; what it may reach is set through the API",
    ),
];

/// The sentence for the name that was called; exit code 127.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let name = arguments
        .first()
        .and_then(|name| Path::new(name).file_name())
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let sentence = SENTENCES
        .iter()
        .find(|(names, _)| names.contains(&name.as_str()))
        .map_or("it is not available in a sandbox", |(_, sentence)| sentence);
    console::complain(&name, sentence);
    NOT_FOUND
}
