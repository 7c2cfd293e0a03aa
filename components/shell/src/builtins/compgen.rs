//! `compgen`: names that begin with a prefix.

use super::{KEYWORDS, NAMES};
use crate::shell::{Shell, Step};

pub(super) async fn compgen(shell: &mut Shell, args: &[String]) -> Step {
    let mut words: Vec<String> = Vec::new();
    let mut prefix = String::new();
    let mut kinds = String::new();
    let (mut before, mut after) = (String::new(), String::new());
    let mut iter = args.iter();
    while let Some(arg) = iter.next() {
        let mut value = || iter.next().cloned().unwrap_or_default();
        match arg.as_str() {
            "-W" => {
                let list = value();
                words.extend(list.split_whitespace().map(str::to_owned));
            }
            "-P" => before = value(),
            "-S" => after = value(),
            "-A" => {
                let action = value();
                let kind = match action.as_str() {
                    "alias" => 'a',
                    "builtin" => 'b',
                    "command" => 'c',
                    "directory" => 'd',
                    "export" => 'e',
                    "file" => 'f',
                    "function" => 'F',
                    "keyword" => 'k',
                    "variable" => 'v',
                    _ => {
                        return super::usage(shell, &format!("compgen: {action}: invalid action name")).await;
                    }
                };
                kinds.push(kind);
            }
            "-o" | "-X" | "-F" | "-C" | "-G" => {
                value();
            }
            "--" => {}
            flags if flags.starts_with('-') && flags.len() > 1 => kinds.push_str(flags.get(1..).unwrap_or_default()),
            text => prefix = text.to_owned(),
        }
    }
    for kind in kinds.chars() {
        words.extend(names(shell, kind, &prefix));
    }
    words.retain(|w| w.starts_with(&prefix));
    let out: String = words.iter().map(|w| format!("{before}{w}{after}\n")).collect();
    shell.write(1, &out).await?;
    Ok(i32::from(words.is_empty()))
}

/// All names of a kind, sorted.
fn names(shell: &Shell, kind: char, prefix: &str) -> Vec<String> {
    let owned = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let mut out = match kind {
        'a' => shell.aliases.keys().cloned().collect(),
        'b' => owned(&NAMES),
        'k' => owned(&KEYWORDS),
        'F' => shell.functions.keys().cloned().collect(),
        'v' => shell.vars.names(),
        'e' => shell.vars.environment().into_iter().map(|(n, _)| n).collect(),
        'c' | 'f' | 'd' => shell.names_for_completion(kind, prefix),
        _ => Vec::new(),
    };
    out.sort_unstable();
    out.dedup();
    out
}
