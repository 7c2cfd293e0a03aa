//! Prompts: PS1, PS2, PS3 and PS4 and their escapes.

use crate::edit::HIDDEN;
use crate::shell::Shell;
use crate::syntax::prompt_word;

/// Longest prompt, in bytes: a hostile PS1 must not fill the screen's memory.
const MAX_PROMPT: usize = 64 << 10;

impl Shell {
    /// A prompt, ready to be printed; the parts between `\[` and `\]` are marked.
    pub(crate) async fn prompt_string(&mut self, name: &str) -> String {
        let raw = self.vars.scalar(name).unwrap_or_default().to_owned();
        self.expand_prompt(&raw).await
    }

    /// The same of any text (`${x@P}`).
    pub(crate) async fn expand_prompt(&mut self, raw: &str) -> String {
        let decoded = self.prompt_escapes(raw);
        if self.in_prompt || !decoded.contains(['$', '`', '\\']) {
            return cut(decoded);
        }
        // Expansions in a prompt leave `$?` and `$_` alone.
        let (status, last) = (self.status, self.last_argument.clone());
        let text = match prompt_word(&decoded) {
            Ok(word) => {
                self.in_prompt = true;
                let text = self.expand_text(&word).await;
                self.in_prompt = false;
                text.unwrap_or_default()
            }
            Err(_) => decoded,
        };
        self.status = status;
        self.last_argument = last;
        cut(text)
    }

    fn prompt_escapes(&self, text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            let now = || i64::try_from(crate::expand::epoch().as_secs()).unwrap_or(0);
            let date = |format: &str| crate::clock::format(format, now());
            let Some(c) = chars.next() else {
                break;
            };
            match c {
                'w' | 'W' => quoted(&mut out, &self.prompt_directory(c == 'W')),
                'u' => quoted(&mut out, &self.user_name()),
                'h' => quoted(&mut out, self.host_name().split('.').next().unwrap_or_default()),
                'H' => quoted(&mut out, &self.host_name()),
                '$' => out.push_str(if self.user_id() == 0 { "#" } else { "\\$" }),
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                'a' => out.push('\u{7}'),
                'e' => out.push('\u{1b}'),
                '[' => out.push(HIDDEN.0),
                ']' => out.push(HIDDEN.1),
                's' => quoted(
                    &mut out,
                    self.name.trim_start_matches('-').rsplit('/').next().unwrap_or("sh"),
                ),
                'v' => out.push_str("5.2"),
                'V' => out.push_str("5.2.0"),
                'j' => out.push_str(&self.jobs.list.len().to_string()),
                'l' => out.push_str("tty"),
                '!' | '#' => out.push_str(&self.history.borrow().next_number().to_string()),
                't' => out.push_str(&date("%H:%M:%S")),
                'T' => {
                    let hour = date("%H").parse().unwrap_or(0);
                    out.push_str(&format!("{:02}:{}", twelve(hour), date("%M:%S")));
                }
                '@' => {
                    let hour = date("%H").parse().unwrap_or(0);
                    let half = if hour < 12 { "AM" } else { "PM" };
                    out.push_str(&format!("{:02}:{} {half}", twelve(hour), date("%M")));
                }
                'A' => out.push_str(&date("%H:%M")),
                'd' => out.push_str(&date("%a %b %d")),
                'D' if chars.peek() == Some(&'{') => {
                    chars.next();
                    let format: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    out.push_str(&date(if format.is_empty() { "%H:%M:%S" } else { &format }));
                }
                '\\' => out.push_str("\\\\"),
                '0'..='7' => {
                    let mut code = c.to_digit(8).unwrap_or(0);
                    for _ in 0..2 {
                        if let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) {
                            code = code * 8 + digit;
                            chars.next();
                        }
                    }
                    out.extend(char::from_u32(code & 0xFF));
                }
                c => {
                    out.push_str("\\\\");
                    out.push(c);
                }
            }
        }
        out
    }

    fn prompt_directory(&self, last: bool) -> String {
        let home = self.vars.scalar("HOME").unwrap_or_default().trim_end_matches('/');
        let directory = match self.cwd.strip_prefix(home) {
            Some("") if !home.is_empty() => return "~".to_owned(),
            Some(rest) if !home.is_empty() && rest.starts_with('/') => format!("~{rest}"),
            _ => self.cwd.clone(),
        };
        if last && directory != "/" {
            return directory.rsplit('/').next().unwrap_or_default().to_owned();
        }
        directory
    }

    pub(crate) fn user_name(&self) -> String {
        for name in ["USER", "LOGNAME"] {
            if let Some(user) = self.vars.scalar(name) {
                return user.to_owned();
            }
        }
        if self.user_id() == 0 { "root" } else { "user" }.to_owned()
    }

    /// `$UID`: the owner of the home directory is who we are.
    pub(crate) fn user_id(&self) -> u32 {
        let home = self.vars.scalar("HOME").unwrap_or("/");
        self.os().stat(home, true).map_or(0, |s| s.uid)
    }

    pub(crate) fn host_name(&self) -> String {
        self.vars.scalar("HOSTNAME").unwrap_or("sandbox").to_owned()
    }
}

/// The hour on a clock of twelve.
fn twelve(hour: u32) -> u32 {
    (hour + 11) % 12 + 1
}

/// Text that the expansions after the escapes must leave alone.
fn quoted(out: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, '$' | '`' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

fn cut(text: String) -> String {
    if text.len() <= MAX_PROMPT {
        return text;
    }
    let mut end = MAX_PROMPT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
