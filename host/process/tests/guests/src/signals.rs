//! Behaviours that catch, ignore and send signals, stop and continue.

use crate::bindings::sandbar::process::processes::{self, Process};
use crate::bindings::wasi::io::poll;
use crate::children::{Start, code, sleep};

/// Catches 2, 15 and 28; prints so many of them as they come.
pub fn catch(count: u64) -> u8 {
    if processes::catch(&[2, 15, 28]).is_err() || processes::catch(&[9]).is_ok() {
        return 1;
    }
    println!("ready");
    for _ in 0..count {
        let waiting = processes::subscribe_signals();
        poll::poll(&[&waiting]);
        match processes::take_signal() {
            Some(signal) => println!("caught {signal}"),
            None => return 2,
        }
    }
    u8::from(processes::take_signal().is_some())
}

/// Ignores 15 and waits.
pub fn ignore() -> u8 {
    if processes::ignore(&[15]).is_err() {
        return 1;
    }
    println!("ready");
    sleep(600_000);
    0
}

/// Prints what it inherited, through one generation.
pub fn inherited() -> u8 {
    let list = processes::inherited_ignored();
    println!("{list:?}");
    if list.len() >= 2 {
        return 0;
    }
    let mut start = Start::new(&["inherited"]);
    start.ignored = vec![if list.is_empty() { 2 } else { 1 }];
    start.go().map_or(9, |child| code(child.wait()) as u8)
}

fn cpu_of(child: &Process) -> u64 {
    let found = processes::processes().into_iter().find(|info| info.pid == child.pid());
    found.map_or(0, |info| info.cpu)
}

/// Stops a child that computes: it makes no progress until continued.
pub fn stop_child() -> u8 {
    if processes::catch(&[17]).is_err() {
        return 1;
    }
    let Ok(child) = Start::new(&["spin"]).go() else {
        return 2;
    };
    sleep(50);
    if child.kill(20).is_err() {
        return 3;
    }
    poll::poll(&[&child.subscribe_stop()]);
    if !child.is_stopped() || processes::take_signal() != Some(17) {
        return 4;
    }
    // A tick may be under way.
    sleep(50);
    let before = cpu_of(&child);
    sleep(200);
    if before == 0 || cpu_of(&child) != before {
        return 5;
    }
    let listed = processes::processes()
        .into_iter()
        .any(|info| info.pid == child.pid() && info.stopped);
    if !listed || child.kill(15).is_err() || child.try_wait().is_some() {
        return 6;
    }
    if child.kill(18).is_err() {
        return 7;
    }
    println!("{}", code(child.wait()));
    let Ok(other) = Start::new(&["spin"]).go() else {
        return 8;
    };
    if other.kill(19).is_err() || other.kill(18).is_err() || other.is_stopped() {
        return 9;
    }
    let before = cpu_of(&other);
    sleep(200);
    if cpu_of(&other) <= before || other.kill(19).is_err() || other.kill(9).is_err() {
        return 10;
    }
    println!("{}", code(other.wait()));
    0
}

/// Stops itself, and says when it goes on.
pub fn stop_self() -> u8 {
    println!("before");
    let _ = processes::kill(processes::own_pid() as i32, 19);
    println!("after");
    0
}
