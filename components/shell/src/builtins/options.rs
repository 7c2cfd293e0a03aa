//! `set` and `shopt`.

use crate::shell::{Options, Shell, Step};
use crate::text;

/// Options of `set -o`, with their letters.
const SET: [(&str, Option<char>); 27] = [
    ("allexport", Some('a')),
    ("braceexpand", Some('B')),
    ("emacs", None),
    ("errexit", Some('e')),
    ("errtrace", Some('E')),
    ("functrace", Some('T')),
    ("hashall", Some('h')),
    ("histexpand", Some('H')),
    ("history", None),
    ("ignoreeof", None),
    ("interactive-comments", None),
    ("keyword", Some('k')),
    ("monitor", Some('m')),
    ("noclobber", Some('C')),
    ("noexec", Some('n')),
    ("noglob", Some('f')),
    ("nolog", None),
    ("notify", Some('b')),
    ("nounset", Some('u')),
    ("onecmd", Some('t')),
    ("physical", Some('P')),
    ("pipefail", None),
    ("posix", None),
    ("privileged", Some('p')),
    ("verbose", Some('v')),
    ("vi", None),
    ("xtrace", Some('x')),
];

/// Options of `shopt`.
const SHOPT: [&str; 53] = [
    "autocd",
    "assoc_expand_once",
    "cdable_vars",
    "cdspell",
    "checkhash",
    "checkjobs",
    "checkwinsize",
    "cmdhist",
    "compat31",
    "compat32",
    "compat40",
    "compat41",
    "compat42",
    "compat43",
    "compat44",
    "complete_fullquote",
    "direxpand",
    "dirspell",
    "dotglob",
    "execfail",
    "expand_aliases",
    "extdebug",
    "extglob",
    "extquote",
    "failglob",
    "force_fignore",
    "globasciiranges",
    "globskipdots",
    "globstar",
    "gnu_errfmt",
    "histappend",
    "histreedit",
    "histverify",
    "hostcomplete",
    "huponexit",
    "inherit_errexit",
    "interactive_comments",
    "lastpipe",
    "lithist",
    "localvar_inherit",
    "localvar_unset",
    "login_shell",
    "mailwarn",
    "no_empty_cmd_completion",
    "nocaseglob",
    "nocasematch",
    "noexpand_translation",
    "nullglob",
    "patsub_replacement",
    "progcomp",
    "progcomp_alias",
    "promptvars",
    "restricted_shell",
];

/// Further ones.
const SHOPT_MORE: [&str; 5] = [
    "shift_verbose",
    "sourcepath",
    "varredir_close",
    "xpg_echo",
    "syslog_history",
];

/// Options that are always on.
const ALWAYS: [&str; 15] = [
    "braceexpand",
    "hashall",
    "interactive-comments",
    "interactive_comments",
    "checkwinsize",
    "cmdhist",
    "complete_fullquote",
    "extquote",
    "force_fignore",
    "globasciiranges",
    "globskipdots",
    "hostcomplete",
    "progcomp",
    "promptvars",
    "sourcepath",
];

fn is_shopt(name: &str) -> bool {
    SHOPT.contains(&name) || SHOPT_MORE.contains(&name)
}

fn is_set_option(name: &str) -> bool {
    SET.iter().any(|(n, _)| *n == name)
}

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
        "monitor" => &mut o.monitor,
        "errtrace" => &mut o.errtrace,
        "functrace" => &mut o.functrace,
        "expand_aliases" => &mut o.expand_aliases,
        "histexpand" => &mut o.histexpand,
        "histappend" => &mut o.histappend,
        "posix" => &mut o.posix,
        "ignoreeof" => &mut o.ignoreeof,
        "xpg_echo" => &mut o.xpg_echo,
        "execfail" => &mut o.execfail,
        "patsub_replacement" => &mut o.patsub_replacement,
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
        None => is_set_option(name) || is_shopt(name),
    }
}

/// `$SHELLOPTS`.
pub(crate) fn shell_options(shell: &Shell) -> String {
    let on: Vec<&str> = SET.iter().map(|(n, _)| *n).filter(|n| is_on(shell, n)).collect();
    on.join(":")
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
        None => ALWAYS.contains(&name) || matches!(name, "history" | "emacs") && shell.options.interactive,
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
            shell.positional_changes += 1;
            shell.positional = args.get(i..).unwrap_or_default().to_vec();
            return Ok(0);
        }
        if arg == "-" {
            shell.options.xtrace = false;
            shell.options.verbose = false;
            if i < args.len() {
                shell.positional_changes += 1;
                shell.positional = args.get(i..).unwrap_or_default().to_vec();
            }
            return Ok(0);
        }
        let on = arg.starts_with('-');
        if arg.len() < 2 || !(on || arg.starts_with('+')) {
            shell.positional_changes += 1;
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
    let (mut quiet, mut print, mut set) = (false, false, false);
    let mut status = 0;
    let mut names = Vec::new();
    for arg in args {
        match arg.strip_prefix('-') {
            Some(flags) => {
                for c in flags.chars() {
                    match c {
                        's' => on = Some(true),
                        'u' => on = Some(false),
                        'q' => quiet = true,
                        'p' => print = true,
                        'o' => set = true,
                        c => return super::usage(shell, &format!("shopt: -{c}: invalid option")).await,
                    }
                }
            }
            None => names.push(arg.as_str()),
        }
    }
    let line = |name: &str, now: bool| match (print, set) {
        (true, true) => format!("set {}o {name}\n", if now { '-' } else { '+' }),
        (true, false) => format!("shopt -{} {name}\n", if now { 's' } else { 'u' }),
        _ => format!("{name:<15}\t{}\n", if now { "on" } else { "off" }),
    };
    let mut out = String::new();
    if names.is_empty() {
        let mut all: Vec<&str> = if set {
            SET.iter().map(|(n, _)| *n).collect()
        } else {
            SHOPT.iter().chain(&SHOPT_MORE).copied().collect()
        };
        all.sort_unstable();
        for name in all {
            let now = is_on(shell, name);
            if on.is_none_or(|on| on == now) {
                out.push_str(&line(name, now));
            }
        }
        return shell.write(1, &out).await;
    }
    for name in names {
        let known = if set { is_set_option(name) } else { is_shopt(name) };
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
                    out.push_str(&line(name, now));
                }
            }
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}
