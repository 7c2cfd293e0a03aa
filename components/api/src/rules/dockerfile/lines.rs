//! Physical lines to instructions: comments, continuations, here-documents, the escape directive.

use super::error::{DockerfileError, refuse};
use super::heredoc::{self, Document};

/// One instruction, its continuation lines joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins, from 1.
    pub(super) number: usize,
    /// All of it, without surrounding blanks.
    pub(super) text: String,
    /// What its here-documents hold, in order.
    pub(super) documents: Vec<Document>,
}

/// The instructions of a text, and the character that escapes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    pub(super) escape: char,
}

/// Splits a text into instructions.
pub(super) fn split(text: &str) -> Result<Lines, DockerfileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.find('\0') {
        let number = text[..at].matches('\n').count() + 1;
        return Err(refuse("it holds a NUL byte", "send a Dockerfile in UTF-8").at(number, "text"));
    }
    let escape = escape(text)?;
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    let mut physical_lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, physical)) = physical_lines.next() {
        let bare = physical.trim();
        // Docker drops comments and blank lines inside a continued instruction too.
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let continued = physical.trim_end().strip_suffix(escape);
        let part = continued.unwrap_or(physical);
        let line = open.get_or_insert_with(|| Line {
            number,
            text: String::new(),
            documents: Vec::new(),
        });
        line.text.push_str(part);
        if continued.is_none() {
            let Some(mut line) = open.take().map(trimmed) else {
                continue;
            };
            for mark in heredoc::marks(&line.text, escape) {
                let rest = physical_lines.by_ref().map(|(_, raw)| raw);
                let document = heredoc::collect(mark, rest).map_err(|refusal| refusal.at(line.number, &line.text))?;
                line.documents.push(document);
            }
            lines.push(line);
        }
    }
    lines.extend(open.map(trimmed).filter(|line| !line.text.is_empty()));
    Ok(Lines { lines, escape })
}

fn trimmed(line: Line) -> Line {
    Line {
        number: line.number,
        text: line.text.trim().to_owned(),
        documents: line.documents,
    }
}

/// Directives stand before everything else, one a line: `# name=value`.
fn escape(text: &str) -> Result<char, DockerfileError> {
    for (index, line) in text.lines().enumerate() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|rest| rest.split_once('=')) else {
            break;
        };
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
        if name == "escape" {
            return match value.trim() {
                "\\" => Ok('\\'),
                "`" => Ok('`'),
                _ => Err(refuse("the escape character is \\ or `", "write # escape=\\").at(index + 1, line)),
            };
        }
    }
    Ok('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        let lines = split(text).expect("lines").lines;
        lines.into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn continuations_join_and_comments_go() {
        let text = "# a comment\r\nFROM x\r\n\r\nRUN a && \\\n  # inside\n\n  b\\\n c\n  # last\nCMD d \\";
        let expected = [(2, "FROM x"), (4, "RUN a &&   b c"), (10, "CMD d")];
        assert_eq!(texts(text), expected.map(|(n, t)| (n, t.to_owned())));
        assert_eq!(texts("\u{feff}FROM x")[0].1, "FROM x");
        assert_eq!(texts("RUN echo a # no comment")[0].1, "RUN echo a # no comment");
    }

    #[test]
    fn the_escape_character_can_be_another() {
        let lines = split("# syntax=docker/dockerfile:1\n# escape=`\nRUN a \\\nRUN b `\n c").expect("lines");
        assert_eq!((lines.escape, lines.lines.len()), ('`', 2));
        assert_eq!(lines.lines[1].text, "RUN b  c");
        assert!(split("# escape=x\n").is_err());
        assert_eq!(split("FROM x\n# escape=`\n").expect("lines").escape, '\\');
        assert_eq!(split("a\nb\0").expect_err("NUL").line, 2);
    }
}
