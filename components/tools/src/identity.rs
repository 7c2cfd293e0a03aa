//! id, whoami, groups: every program of a sandbox runs as its one user.

use crate::console;
use crate::users::{self, GROUP, OWN_ID, PASSWD};
use std::ffi::OsString;
use std::io::Write;

/// Prints the user and group, or with `-u`, `-g`, `-G` one of them, with `-n` by name.
pub fn id(arguments: Vec<OsString>) -> i32 {
    let mut letters = String::new();
    for word in arguments.iter().skip(1).map(|word| word.to_string_lossy()) {
        match word.strip_prefix('-') {
            Some(options) if options.chars().all(|c| "ugGnrz".contains(c)) => letters.push_str(options),
            Some(_) => {
                console::complain("id", format_args!("unrecognized option '{word}'"));
                return 1;
            }
            None if users::id_of(PASSWD, &word) == Some(OWN_ID) || *word == *OWN_ID.to_string() => {}
            None => {
                console::complain("id", format_args!("'{word}': no such user"));
                return 1;
            }
        }
    }
    let (user, group) = (users::name_of(PASSWD, OWN_ID), users::name_of(GROUP, OWN_ID));
    let by_name = letters.contains('n');
    print(&if letters.contains('u') {
        if by_name { user } else { OWN_ID.to_string() }
    } else if letters.contains(['g', 'G']) {
        if by_name { group } else { OWN_ID.to_string() }
    } else {
        format!("uid={OWN_ID}({user}) gid={OWN_ID}({group}) groups={OWN_ID}({group})")
    })
}

/// Prints the user's name.
pub fn whoami(_: Vec<OsString>) -> i32 {
    print(&users::name_of(PASSWD, OWN_ID))
}

/// Prints the names of the user's groups.
pub fn groups(_: Vec<OsString>) -> i32 {
    print(&users::name_of(GROUP, OWN_ID))
}

fn print(line: &str) -> i32 {
    let mut out = console::output();
    i32::from(writeln!(out, "{line}").and_then(|()| out.flush()).is_err())
}
