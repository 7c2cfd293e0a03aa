//! A guest that uses files as programs do, through std and libc. Its first argument names the case.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::raw::{c_char, c_int};

unsafe extern "C" {
    fn symlink(target: *const c_char, path: *const c_char) -> c_int;
}

fn link(target: &str, path: &str) {
    let (target, path) = (CString::new(target).unwrap(), CString::new(path).unwrap());
    assert_eq!(unsafe { symlink(target.as_ptr(), path.as_ptr()) }, 0);
}

fn overlay() {
    assert_eq!(fs::read_to_string("/etc/passwd").unwrap(), "lower");
    OpenOptions::new().append(true).open("/etc/passwd").unwrap().write_all(b" and upper").unwrap();
    assert_eq!(fs::read_to_string("etc/passwd").unwrap(), "lower and upper");
    fs::remove_file("/etc/gone").unwrap();
    assert_eq!(fs::metadata("/etc/gone").unwrap_err().kind(), ErrorKind::NotFound);
    let mut names: Vec<_> = fs::read_dir("/etc").unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["passwd"]);
    fs::create_dir_all("/work/deep/er").unwrap();
    fs::rename("/etc", "/work/deep/er/etc").unwrap();
    assert_eq!(fs::read_to_string("/work/deep/er/etc/passwd").unwrap(), "lower and upper");
    fs::remove_dir_all("/work").unwrap();
    assert!(fs::metadata("/etc").is_err());
}

fn contents() {
    let big: Vec<u8> = (0..3_000_001_u32).map(|n| n as u8).collect();
    fs::write("/big", &big).unwrap();
    assert_eq!(fs::read("/big").unwrap(), big);
    let mut file = OpenOptions::new().read(true).write(true).open("/big").unwrap();
    file.seek(SeekFrom::End(-1)).unwrap();
    file.write_all(b"tail").unwrap();
    file.set_len(3_000_002).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 3_000_002);
    fs::remove_file("/big").unwrap();
    file.seek(SeekFrom::Start(3_000_000)).unwrap();
    let mut end = String::new();
    file.read_to_string(&mut end).unwrap();
    assert_eq!(end, "ta", "an unlinked file can still be read");
    let mut zeros = [1; 16];
    File::open("/dev/zero").unwrap().read_exact(&mut zeros).unwrap();
    assert_eq!(zeros, [0; 16]);
    fs::write("/dev/null", b"away").unwrap();
    assert!(fs::metadata("/dev/null").unwrap().is_file());
}

fn escape() {
    link("../../../../../../canary", "/up");
    link("/canary", "/absolute");
    link("/etc/passwd", "/inside");
    for path in ["../canary", "/../../canary", "/up", "/absolute", "/etc/../../canary", "/planted", "/planted-dir/canary"] {
        assert_eq!(fs::read(path).unwrap_err().kind(), ErrorKind::NotFound, "{path}");
        assert!(File::open(format!("{path}/")).is_err(), "{path}/");
    }
    assert_eq!(fs::read_to_string("/inside").unwrap(), "lower");
    link("loop", "/loop");
    assert!(fs::read("/loop").is_err());
}

fn limits() {
    let mut file = File::create("/fill").unwrap();
    let piece = [7; 10_000];
    while file.write_all(&piece).is_ok() {}
    assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    assert_eq!(file.set_len(1 << 40).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(fs::create_dir("/more").unwrap_err().kind(), ErrorKind::StorageFull);
    file.set_len(0).unwrap();
    fs::create_dir("/more").unwrap();
    let mut open = Vec::new();
    while let Ok(file) = File::open("/etc/passwd") {
        open.push(file);
    }
    assert_eq!(open.len(), 31, "one handle is /fill");
    drop(open);
    File::open("/etc/passwd").unwrap();
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("overlay") => overlay(),
        Some("contents") => contents(),
        Some("escape") => escape(),
        Some("limits") => limits(),
        other => panic!("no such case: {other:?}"),
    }
}
