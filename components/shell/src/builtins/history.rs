//! `history` and `fc -l`.

use crate::shell::{Shell, Step};

pub(super) async fn history(shell: &mut Shell, args: &[String]) -> Step {
    let mut out = String::new();
    match args.first().map(String::as_str) {
        Some("-c") => {
            shell.history.borrow_mut().clear();
            return Ok(0);
        }
        Some("-d") => {
            let text = args.get(1).cloned().unwrap_or_default();
            let number = match text.parse::<i64>() {
                Ok(n) if n < 0 => {
                    let back = usize::try_from(-n).unwrap_or(usize::MAX);
                    shell.history.borrow().next_number().checked_sub(back)
                }
                Ok(n) => usize::try_from(n).ok(),
                Err(_) => None,
            };
            let removed = number.is_some_and(|n| shell.history.borrow_mut().remove(n));
            if !removed {
                shell
                    .complain(&format!("history: {text}: history position out of range"))
                    .await;
                return Ok(1);
            }
            return Ok(0);
        }
        Some("-w") => {
            shell.save_history().await;
            return Ok(0);
        }
        Some("-r" | "-n") => {
            shell.load_history().await;
            return Ok(0);
        }
        Some("-a") => {
            if let Err(e) = shell.append_history().await {
                shell.complain(&format!("history: {e}")).await;
                return Ok(1);
            }
            return Ok(0);
        }
        Some("-s") => {
            let line = args.get(1..).unwrap_or_default().join(" ");
            shell.history.borrow_mut().add(&line, "");
            return Ok(0);
        }
        Some("-p") => {
            for arg in args.get(1..).unwrap_or_default() {
                let expanded = shell.history.borrow().expand(arg);
                match expanded {
                    Ok(text) => out.push_str(&format!("{}\n", text.unwrap_or_else(|| arg.clone()))),
                    Err(event) => {
                        shell
                            .complain(&format!("history: {event}: history expansion failed"))
                            .await;
                        return Ok(1);
                    }
                }
            }
        }
        count => {
            let most = match count.map(str::parse::<usize>) {
                None => usize::MAX,
                Some(Ok(n)) => n,
                Some(Err(_)) => {
                    let text = count.unwrap_or_default().to_owned();
                    shell
                        .complain(&format!("history: {text}: numeric argument required"))
                        .await;
                    return Ok(1);
                }
            };
            let history = shell.history.borrow();
            let skip = history.len().saturating_sub(most);
            for (number, entry) in history.numbered().skip(skip) {
                out.push_str(&format!("{number:5}  {entry}\n"));
            }
        }
    }
    shell.write(1, &out).await
}

/// `fc -l`: the latest entries. Editing old commands in an editor is not offered.
pub(super) async fn fc(shell: &mut Shell, args: &[String]) -> Step {
    if !args.iter().any(|a| a.starts_with("-l")) {
        shell
            .complain("fc: only -l is supported; use the arrow keys to edit a command")
            .await;
        return Ok(1);
    }
    let count = args
        .iter()
        .find_map(|a| a.strip_prefix('-')?.parse::<usize>().ok())
        .unwrap_or(16);
    let mut out = String::new();
    {
        let history = shell.history.borrow();
        let skip = history.len().saturating_sub(count);
        for (number, entry) in history.numbered().skip(skip) {
            out.push_str(&format!("{number}\t {entry}\n"));
        }
    }
    shell.write(1, &out).await
}
