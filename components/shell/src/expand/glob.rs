//! Pathname expansion.

use super::field::Field;
use crate::os::FileKind;
use crate::pattern::{Pattern, PatternChar, is_pattern};
use crate::shell::{Flow, Shell};

/// Most names that one pattern may match; also bounds the directories that `**` visits.
const MAX_MATCHES: usize = 200_000;

/// Deepest directory that `**` visits.
const MAX_DEPTH: u32 = 64;

impl Shell {
    /// Adds the files that a field matches, or the field itself.
    pub(super) async fn glob(&mut self, field: Field, out: &mut Vec<String>) -> Result<(), Flow> {
        if self.options.noglob || !field.may_glob() {
            out.push(field.text());
            return Ok(());
        }
        let chars = field.chars();
        if !is_pattern(&chars) {
            out.push(field.text());
            return Ok(());
        }
        let mut found = self.matches(&chars);
        if found.is_empty() {
            if self.options.failglob {
                self.complain(&format!("no match: {}", field.text())).await;
                return Err(Flow::Discard(1));
            }
            if !self.options.nullglob {
                out.push(field.text());
            }
            return Ok(());
        }
        found.sort_unstable();
        out.append(&mut found);
        Ok(())
    }

    fn matches(&self, chars: &[PatternChar]) -> Vec<String> {
        let absolute = chars.first().is_some_and(|(c, _)| *c == '/');
        let mut prefixes = vec![if absolute { "/".to_owned() } else { String::new() }];
        let components: Vec<&[PatternChar]> = chars.split(|(c, _)| *c == '/').collect();
        let last = components.len().saturating_sub(1);
        for (i, component) in components.iter().enumerate() {
            if component.is_empty() {
                // `dir/`: only directories, with the slash.
                if i == last && i > 0 {
                    prefixes.retain(|p| self.is_directory(p));
                }
                continue;
            }
            let mut next = Vec::new();
            let text: String = component.iter().map(|(c, _)| *c).collect();
            for prefix in &prefixes {
                if !is_pattern(component) {
                    let path = format!("{prefix}{text}");
                    if self.os().stat(&self.absolute(&path), false).is_ok() {
                        next.push(path);
                    }
                } else if self.options.globstar && text == "**" {
                    // `**` matches no directory at all, too.
                    if i < last || !prefix.is_empty() {
                        next.push(prefix.clone());
                    }
                    self.descend(prefix, i == last, &mut next, 0);
                } else {
                    self.matches_in(prefix, component, &mut next);
                }
                if next.len() > MAX_MATCHES {
                    break;
                }
            }
            if i < last {
                for path in &mut next {
                    if !path.is_empty() && !path.ends_with('/') {
                        path.push('/');
                    }
                }
            }
            prefixes = next;
        }
        prefixes.retain(|p| !p.is_empty());
        prefixes
    }

    fn matches_in(&self, prefix: &str, component: &[PatternChar], out: &mut Vec<String>) {
        let fold = self.options.nocaseglob;
        let folded: Vec<PatternChar>;
        let component = if fold {
            folded = component.iter().map(|(c, q)| (c.to_ascii_lowercase(), *q)).collect();
            &folded
        } else {
            component
        };
        let pattern = Pattern::new(component);
        let hidden = pattern.starts_with_dot() || self.options.dotglob;
        for name in self.names_in(prefix) {
            if name.starts_with('.') && !hidden {
                continue;
            }
            let yes = if fold {
                pattern.matches_str(&name.to_ascii_lowercase())
            } else {
                pattern.matches_str(&name)
            };
            if yes {
                out.push(format!("{prefix}{name}"));
            }
        }
    }

    /// Everything below a directory (`**`): all files, or only directories.
    fn descend(&self, prefix: &str, files: bool, out: &mut Vec<String>, depth: u32) {
        if depth > MAX_DEPTH || out.len() > MAX_MATCHES {
            return;
        }
        for name in self.names_in(prefix) {
            if name.starts_with('.') && !self.options.dotglob {
                continue;
            }
            let path = format!("{prefix}{name}");
            let directory = self
                .os()
                .stat(&self.absolute(&path), false)
                .is_ok_and(|s| s.kind == FileKind::Directory);
            if directory {
                let inside = format!("{path}/");
                out.push(if files { path } else { inside.clone() });
                self.descend(&inside, files, out, depth + 1);
            } else if files {
                out.push(path);
            }
        }
    }

    fn names_in(&self, prefix: &str) -> Vec<String> {
        let directory = if prefix.is_empty() {
            self.cwd.clone()
        } else {
            self.absolute(prefix)
        };
        self.os().read_dir(&directory).unwrap_or_default()
    }

    fn is_directory(&self, path: &str) -> bool {
        self.os()
            .stat(&self.absolute(path), true)
            .is_ok_and(|s| s.kind == FileKind::Directory)
    }
}
