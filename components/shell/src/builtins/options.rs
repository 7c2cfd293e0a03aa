//! `set` and `shopt`.

use crate::shell::{Options, Shell, Step};
use crate::text;

/// Options of `set -o`, with their letters.
const SET: [(&str, Option<char>); 14] = [
    ("allexport", Some('a')),
    ("errexit", Some('e')),
    ("noglob", Some('f')),
    ("hashall", Some('h')),
    ("noexec", Some('n')),
    ("nounset", Some('u')),
    ("verbose", Some('v')),
    ("xtrace", Some('x')),
    ("noclobber", Some('C')),
    ("braceexpand", Some('B')),
    ("errtrace", Some('E')),
    ("functrace", Some('T')),
    ("pipefail", None),
    ("monitor", Some('m')),
];

/// Options of `set -o` and `shopt` that change nothing here.
const IGNORED: [&str; 16] = [
    "hashall",
    "braceexpand",
    "errtrace",
    "functrace",
    "monitor",
    "posix",
    "emacs",
    "vi",
    "histexpand",
    "physical",
    "privileged",
    "expand_aliases",
    "checkwinsize",
    "histappend",
    "sourcepath",
    "cmdhist",
];

fn slot<'a>(o: &'a mut Options, name: &str) -> Option<&'a mut bool> {
    Some(match name {
        "allexport" => &mut o.allexport,
        "errexit" => &mut o.errexit,
        "noglob" => &mut o.noglob,
        "noexec" => &mut o.noexec,
        "nounset" => &mut o.nounset,
        "verbose" => &mut o.verbose,
        "xtrace" => &mut o.xtrace,
        "noclobber" => &mut o.noclobber,
        "pipefail" => &mut o.pipefail,
        "nullglob" => &mut o.nullglob,
        "failglob" => &mut o.failglob,
        "dotglob" => &mut o.dotglob,
        "nocaseglob" => &mut o.nocaseglob,
        "nocasematch" => &mut o.nocasematch,
        "globstar" => &mut o.globstar,
        "extglob" => &mut o.extglob,
        "inherit_errexit" => &mut o.inherit_errexit,
        "lastpipe" => &mut o.lastpipe,
        _ => return None,
    })
}

/// Switches an option by name; false if there is none.
pub(crate) fn set_named(options: &mut Options, name: &str, on: bool) -> bool {
    match slot(options, name) {
        Some(slot) => {
            *slot = on;
            true
        }
        None => IGNORED.contains(&name),
    }
}

/// Switches an option by letter; false if there is none.
pub(crate) fn parse_invocation_flag(options: &mut Options, letter: char, on: bool) -> bool {
    match SET.iter().find(|(_, l)| *l == Some(letter)) {
        Some((name, _)) => set_named(options, name, on),
        None => matches!(letter, 'b' | 'k' | 'p' | 't' | 'H' | 'P'),
    }
}

/// Whether an option is on.
pub(crate) fn is_on(shell: &Shell, name: &str) -> bool {
    let mut options = shell.options.clone();
    match slot(&mut options, name) {
        Some(slot) => *slot,
        None => matches!(name, "hashall" | "braceexpand"),
    }
}

pub(super) async fn set(shell: &mut Shell, args: &[String]) -> Step {
    if args.is_empty() {
        let mut out = String::new();
        for name in shell.vars.names() {
            if let Some(value) = shell.vars.scalar(&name) {
                out.push_str(&format!("{name}={}\n", text::trace_quote(value)));
            }
        }
        return shell.write(1, &out).await;
    }
    let mut i = 0;
    while let Some(arg) = args.get(i) {
        i += 1;
        if arg == "--" {
            shell.positional = args.get(i..).unwrap_or_default().to_vec();
            return Ok(0);
        }
        if arg == "-" {
            shell.options.xtrace = false;
            shell.options.verbose = false;
            if i < args.len() {
                shell.positional = args.get(i..).unwrap_or_default().to_vec();
            }
            return Ok(0);
        }
        let on = arg.starts_with('-');
        if arg.len() < 2 || !(on || arg.starts_with('+')) {
            shell.positional = args.get(i - 1..).unwrap_or_default().to_vec();
            return Ok(0);
        }
        for c in arg.chars().skip(1) {
            if c == 'o' {
                let Some(name) = args.get(i) else {
                    return list(shell, on).await;
                };
                i += 1;
                if !set_named(&mut shell.options, name, on) {
                    return super::usage(shell, &format!("set: {name}: invalid option name")).await;
                }
            } else if !parse_invocation_flag(&mut shell.options, c, on) {
                return super::usage(shell, &format!("set: -{c}: invalid option")).await;
            }
        }
    }
    Ok(0)
}

async fn list(shell: &mut Shell, table: bool) -> Step {
    let mut out = String::new();
    let mut names: Vec<&str> = SET.iter().map(|(n, _)| *n).collect();
    names.sort_unstable();
    for name in names {
        let on = is_on(shell, name);
        if table {
            out.push_str(&format!("{name:<15}\t{}\n", if on { "on" } else { "off" }));
        } else {
            out.push_str(&format!("set {}o {name}\n", if on { '-' } else { '+' }));
        }
    }
    shell.write(1, &out).await
}

pub(super) async fn shopt(shell: &mut Shell, args: &[String]) -> Step {
    let mut on = None;
    let mut quiet = false;
    let mut status = 0;
    let mut out = String::new();
    for arg in args {
        match arg.as_str() {
            "-s" => on = Some(true),
            "-u" => on = Some(false),
            "-q" => quiet = true,
            "-p" | "-o" => {}
            name => {
                let known = slot(&mut shell.options, name).is_some() || IGNORED.contains(&name);
                if !known {
                    shell
                        .complain(&format!("shopt: {name}: invalid shell option name"))
                        .await;
                    status = 1;
                    continue;
                }
                match on {
                    Some(on) => {
                        set_named(&mut shell.options, name, on);
                    }
                    None => {
                        let now = is_on(shell, name);
                        status |= i32::from(!now);
                        if !quiet {
                            let now = if now { "on" } else { "off" };
                            out.push_str(&format!("{name:<15}\t{now}\n"));
                        }
                    }
                }
            }
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}
