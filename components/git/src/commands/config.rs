//! `git config`

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::{context, out};
use git2::{Config, ConfigLevel};
use std::path::PathBuf;

/// Where a setting is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The repository's.
    Local,
    /// The user's.
    Global,
    /// Everybody's.
    System,
}

/// The settings of one scope, to be changed.
///
/// # Errors
/// There is no repository, or no home directory.
pub fn of(scope: Scope) -> Result<Config, Failure> {
    let path = match scope {
        Scope::Local => return Ok(context::repository()?.config()?.open_level(ConfigLevel::Local)?),
        Scope::Global => std::env::var_os("HOME")
            .map(|home| PathBuf::from(home).join(".gitconfig"))
            .ok_or_else(|| Failure::fatal(Kind::Invalid, "$HOME not set"))?,
        Scope::System => PathBuf::from("/etc/gitconfig"),
    };
    Ok(Config::open(&path)?)
}

/// Whether a name is `section.name` or `section.sub.name`.
///
/// # Errors
/// It is not.
pub fn check_key(key: &str) -> Result<(), Failure> {
    let (section, name) = match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, _)), Some((_, name))) => (section, name),
        _ => {
            return Err(Failure {
                kind: Kind::Invalid,
                message: format!("error: key does not contain a section: {key}"),
                code: 1,
            });
        }
    };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain(section) && plain(name) && name.as_bytes()[0].is_ascii_alphabetic() && !key.contains('\n') {
        Ok(())
    } else {
        Err(Failure {
            kind: Kind::Invalid,
            message: format!("error: invalid key: {key}"),
            code: 1,
        })
    }
}

/// All values of a setting.
fn values(config: &Config, key: &str) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let Ok(mut entries) = config.multivar(key, None) else {
        return Ok(found);
    };
    while let Some(entry) = entries.next() {
        found.push(String::from_utf8_lossy(entry?.value_bytes()).into_owned());
    }
    Ok(found)
}

/// The command.
pub fn config(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "global",
            "local",
            "system",
            "get",
            "get-all",
            "get-regexp",
            "add",
            "unset",
            "unset-all",
            "list|l",
            "bool",
            "int",
            "type=",
            "show-origin",
            "file|f=",
            "default=",
            "replace-all",
            "name-only",
            "null|z",
        ],
    )?;
    let mut words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    // The verbs of newer versions.
    let verb = match words.first() {
        Some(verb @ (&"list" | &"get" | &"set" | &"unset")) if words.len() > 1 || *verb == "list" => {
            let verb = (*verb).to_owned();
            words.remove(0);
            verb
        }
        _ => String::new(),
    };
    let scope = [
        ("global", Scope::Global),
        ("local", Scope::Local),
        ("system", Scope::System),
    ]
    .into_iter()
    .find(|(name, _)| args.has(name))
    .map(|(_, scope)| scope);
    let open = |writing: bool| -> Result<Config, Failure> {
        match (args.value("file"), scope) {
            (Some(path), _) => Ok(Config::open(std::path::Path::new(path))?),
            (None, Some(scope)) => of(scope),
            (None, None) if writing => of(Scope::Local).map_err(|failure| match failure.kind {
                Kind::NoRepository => Failure::fatal(Kind::NoRepository, "not in a git directory"),
                _ => failure,
            }),
            (None, None) => context::settings(),
        }
    };
    if args.has("list") || verb == "list" {
        let config = open(false)?;
        let mut entries = config.entries(None)?;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let end = if args.has("null") { "\0" } else { "\n" };
            if args.has("name-only") {
                out::text(&format!("{name}{end}"));
            } else {
                out::text(&format!("{name}={}{end}", String::from_utf8_lossy(entry.value_bytes())));
            }
        }
        return Ok(0);
    }
    if args.has("get-regexp") {
        let config = open(false)?;
        let mut entries = config.entries(words.first().copied())?;
        let mut found = false;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            found = true;
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            if args.has("name-only") {
                out::line(&name);
            } else {
                crate::say!("{name} {}", String::from_utf8_lossy(entry.value_bytes()));
            }
        }
        return Ok(i32::from(!found));
    }
    let Some(key) = words.first().copied() else {
        return Err(Failure::usage("usage: git config [<options>] <name> [<value>]"));
    };
    check_key(key)?;
    if args.has("unset") || args.has("unset-all") || verb == "unset" {
        let mut config = open(true)?;
        let count = values(&config, key)?.len();
        if count > 1 && !args.has("unset-all") {
            crate::note!("warning: {key} has multiple values");
            return Ok(5);
        }
        if count == 0 {
            return Ok(5);
        }
        config.remove_multivar(key, ".*")?;
        return Ok(0);
    }
    if let Some(value) = words.get(1).filter(|_| !args.has("get") && verb != "get") {
        let mut config = open(true)?;
        if args.has("add") {
            config.set_multivar(key, "^$", value)?;
        } else if args.has("replace-all") {
            config.set_multivar(key, ".*", value)?;
        } else if values(&config, key)?.len() > 1 {
            crate::note!(
                "warning: {key} has multiple values\nerror: cannot overwrite multiple values with a single value\n       \
                 Use a regexp, --add or --replace-all to change {key}."
            );
            return Ok(5);
        } else {
            config.set_str(key, value)?;
        }
        return Ok(0);
    }
    let config = open(false)?;
    if args.has("get-all") {
        let mut entries = config.multivar(key, None)?;
        let mut found = false;
        while let Some(entry) = entries.next() {
            out::line(&String::from_utf8_lossy(entry?.value_bytes()));
            found = true;
        }
        return Ok(i32::from(!found));
    }
    let as_bool = args.has("bool") || args.value("type") == Some("bool");
    let as_int = args.has("int") || args.value("type") == Some("int");
    let value = if as_int {
        config.get_i64(key).map(|value| value.to_string())
    } else if as_bool {
        config.get_bool(key).map(|value| value.to_string())
    } else {
        config.get_string(key)
    };
    match (value, args.value("default")) {
        (Ok(value), _) => out::line(&value),
        (Err(_), Some(value)) => out::line(value),
        (Err(error), None) if error.code() == git2::ErrorCode::NotFound => return Ok(1),
        (Err(error), None) => return Err(error.into()),
    }
    Ok(0)
}
