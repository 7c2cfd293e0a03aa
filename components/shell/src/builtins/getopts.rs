//! `getopts`.

use crate::shell::{Shell, Step};
use crate::vars::Key;

pub(super) async fn run(shell: &mut Shell, args: &[String]) -> Step {
    let [spec, name, given @ ..] = args else {
        return super::usage(shell, "getopts: usage: getopts optstring name [arg ...]").await;
    };
    let list = if given.is_empty() {
        shell.positional.clone()
    } else {
        given.to_vec()
    };
    let silent = spec.starts_with(':');
    let mut index: usize = shell
        .vars
        .scalar("OPTIND")
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
        .max(1);
    let offset = shell.getopts_offset;
    let argument = list.get(index - 1).cloned().unwrap_or_default();
    let ended = offset == 0 && (argument.len() < 2 || !argument.starts_with('-') || argument == "--");
    if ended {
        if argument == "--" {
            index += 1;
        }
        set(shell, "OPTIND", index.to_string()).await?;
        set(shell, name, "?".to_owned()).await?;
        return Ok(1);
    }
    let letters: Vec<char> = argument.chars().collect();
    let at = offset.max(1);
    let Some(&letter) = letters.get(at) else {
        shell.getopts_offset = 0;
        return Ok(1);
    };
    let mut next_offset = at + 1;
    if next_offset >= letters.len() {
        index += 1;
        next_offset = 0;
    }
    let known = letter != ':' && spec.contains(letter);
    let takes = known && spec.split_once(letter).is_some_and(|(_, rest)| rest.starts_with(':'));
    let mut result = letter.to_string();
    let mut value = None;
    if !known {
        result = "?".to_owned();
        if silent {
            value = Some(letter.to_string());
        } else {
            let line = format!("{}: illegal option -- {letter}\n", shell.name);
            shell.print_error(&line).await;
        }
    } else if takes {
        let rest: String = if next_offset == 0 {
            String::new()
        } else {
            letters.get(next_offset..).unwrap_or_default().iter().collect()
        };
        if !rest.is_empty() {
            value = Some(rest);
            index += 1;
        } else if let Some(next) = list.get(index - 1) {
            value = Some(next.clone());
            index += 1;
        } else if silent {
            result = ":".to_owned();
            value = Some(letter.to_string());
        } else {
            result = "?".to_owned();
            let line = format!("{}: option requires an argument -- {letter}\n", shell.name);
            shell.print_error(&line).await;
        }
        next_offset = 0;
    }
    set(shell, "OPTIND", index.to_string()).await?;
    shell.getopts_offset = next_offset;
    set(shell, name, result).await?;
    match value {
        Some(value) => set(shell, "OPTARG", value).await?,
        None => {
            if shell.vars.unset("OPTARG", &Key::Whole).is_err() {
                return Ok(1);
            }
        }
    }
    Ok(0)
}

async fn set(shell: &mut Shell, name: &str, value: String) -> Result<(), crate::shell::Flow> {
    shell.assign_text(name, Key::Whole, value, false).await
}
