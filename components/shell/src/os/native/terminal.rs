//! Terminals of the machine, by termios.

use std::os::fd::{AsRawFd, OwnedFd};

use super::super::{Errno, Mode, Size};

fn check(result: libc::c_int) -> Result<(), Errno> {
    match result {
        0.. => Ok(()),
        _ => match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::EPERM | libc::ESRCH) => Err(Errno::NoProcess),
            _ => Err(Errno::NotTerminal),
        },
    }
}

fn attributes(fd: &OwnedFd) -> Result<libc::termios, Errno> {
    // SAFETY: a zeroed termios is a valid one, to be filled in.
    let mut state: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `state` is ours.
    check(unsafe { libc::tcgetattr(fd.as_raw_fd(), &raw mut state) })?;
    Ok(state)
}

pub(super) fn size(fd: &OwnedFd) -> Result<Size, Errno> {
    // SAFETY: a zeroed winsize is a valid one, to be filled in.
    let mut window: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: TIOCGWINSZ writes a winsize, which is ours.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut window) })?;
    Ok(Size {
        columns: if window.ws_col == 0 { 80 } else { window.ws_col },
        rows: if window.ws_row == 0 { 24 } else { window.ws_row },
    })
}

pub(super) fn mode(fd: &OwnedFd) -> Result<Mode, Errno> {
    let state = attributes(fd)?;
    Ok(Mode {
        echo: state.c_lflag & libc::ECHO != 0,
        canonical: state.c_lflag & libc::ICANON != 0,
        signals: state.c_lflag & libc::ISIG != 0,
        output: state.c_oflag & libc::OPOST != 0,
    })
}

pub(super) fn set_mode(fd: &OwnedFd, mode: Mode) -> Result<(), Errno> {
    let mut state = attributes(fd)?;
    let mut local = |on: bool, bits: libc::tcflag_t| {
        if on {
            state.c_lflag |= bits;
        } else {
            state.c_lflag &= !bits;
        }
    };
    local(mode.echo, libc::ECHO);
    local(mode.canonical, libc::ICANON | libc::IEXTEN);
    local(mode.signals, libc::ISIG);
    if mode.output {
        state.c_oflag |= libc::OPOST;
    } else {
        state.c_oflag &= !libc::OPOST;
    }
    if mode.canonical {
        state.c_iflag |= libc::ICRNL;
    } else {
        state.c_iflag &= !libc::ICRNL;
        state.c_cc[libc::VMIN] = 1;
        state.c_cc[libc::VTIME] = 0;
    }
    // SAFETY: the descriptor is open and `state` a termios that came from it.
    check(unsafe { libc::tcsetattr(fd.as_raw_fd(), libc::TCSADRAIN, &raw const state) })
}

pub(super) fn foreground(fd: &OwnedFd) -> Result<u32, Errno> {
    // SAFETY: only asks.
    let group = unsafe { libc::tcgetpgrp(fd.as_raw_fd()) };
    check(group)?;
    Ok(u32::try_from(group).unwrap_or(0))
}

pub(super) fn set_foreground(fd: &OwnedFd, group: u32) -> Result<(), Errno> {
    super::signals::keep_running_in_background();
    let group = i32::try_from(group).map_err(|_| Errno::Invalid)?;
    // SAFETY: plain numbers; SIGTTOU is ignored, so that it returns.
    check(unsafe { libc::tcsetpgrp(fd.as_raw_fd(), group) })
}
