//! Here-documents: text in the Dockerfile itself, for a command or for a file.

use super::copy::join;
use super::error::{Refusal, refuse};
use super::expand::Scope;
use super::words;

/// Files of one instruction.
const FILES: usize = 64;

/// How a here-document begins: `<<EOF`, `<<-EOF`, `<<"EOF"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The line at which it ends; as a file, its name.
    name: String,
    /// With quotes around its name: nothing in it is expanded.
    quoted: bool,
    /// `<<-`: tabs at the beginning of lines go.
    tabs: bool,
}

/// What lies between the line that names it and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    mark: Mark,
    /// Lines with their ends.
    text: String,
}

/// Those that an instruction opens.
pub(super) fn marks(instruction: &str, escape: char) -> Vec<Mark> {
    let (keyword, arguments) = words::keyword(instruction);
    if !matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") || words::json(arguments).is_some() {
        return Vec::new();
    }
    let words = words::split(arguments, escape);
    words.iter().filter_map(|word| mark(word)).collect()
}

/// The mark, if a word opens a here-document. Neither `<<<` nor `1<<2` does.
fn mark(word: &str) -> Option<Mark> {
    let rest = word
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .strip_prefix("<<")?;
    let (tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let name = rest.trim_matches(['"', '\'']);
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    named.then(|| Mark {
        name: name.to_owned(),
        quoted: name.len() != rest.len(),
        tabs,
    })
}

/// Takes lines up to the mark's.
pub(super) fn collect<'a>(mark: Mark, lines: impl Iterator<Item = &'a str>) -> Result<Document, Refusal> {
    let mut text = String::new();
    for line in lines {
        let line = if mark.tabs { line.trim_start_matches('\t') } else { line };
        if line == mark.name {
            return Ok(Document { mark, text });
        }
        text.push_str(line);
        text.push('\n');
    }
    Err(refuse(
        format!("its here-document <<{} has no end", mark.name),
        format!("write {} alone on a line", mark.name),
    ))
}

/// What runs for a `RUN` with here-documents. Alone, a document is the script: of the shell, or of the interpreter that it
/// names itself. With a command before it the shell gives it to that as input.
pub(super) fn command(command: &str, documents: &[Document], shell: &[String]) -> Vec<String> {
    let script = match documents {
        [only] if mark(command).is_some_and(|mark| mark == only.mark) => {
            if only.text.starts_with("#!") {
                return own_interpreter(only);
            }
            only.text.clone()
        }
        all => all.iter().fold(command.to_owned(), |script, document| {
            script + "\n" + &document.source()
        }),
    };
    let mut argv = shell.to_vec();
    argv.push(script);
    argv
}

fn own_interpreter(document: &Document) -> Vec<String> {
    let script = format!(
        "file=$(mktemp) && cat > \"$file\" <<'{name}'\n{text}{name}\nchmod 700 \"$file\" && \"$file\"; status=$?; rm -f \"$file\"; \
         exit $status",
        name = document.mark.name,
        text = document.text,
    );
    sh(script)
}

/// What writes the files of a `COPY` with here-documents, each named by its mark if the destination is a directory.
pub(super) fn files(
    keyword: &str,
    arguments: &str,
    documents: &[Document],
    mode: Option<u32>,
    scope: &Scope<'_>,
    directory: &str,
) -> Result<Vec<String>, Refusal> {
    let mut words = words::split(arguments, scope.escape);
    let destination = words.pop().filter(|word| mark(word).is_none());
    let Some(destination) = destination else {
        return Err(refuse(
            "it has no destination",
            format!("write {keyword} <<EOF /path/of/file"),
        ));
    };
    if words.len() != documents.len() {
        return Err(refuse(
            "files and here-documents cannot be copied in one instruction",
            format!("write a {keyword} of its own for the files"),
        ));
    }
    if documents.len() > FILES {
        return Err(refuse(
            format!("it has more than {FILES} here-documents"),
            "upload a directory and copy that",
        ));
    }
    let destination = join(directory, &scope.word(&destination)?);
    if documents.len() > 1 && !destination.ends_with('/') {
        return Err(refuse(
            "with several here-documents the destination is a directory and ends with /",
            format!("write {destination}/"),
        ));
    }
    let mode = mode.unwrap_or(0o644);
    let mut script = String::from("set -e\n");
    for document in documents {
        let text = if document.mark.quoted {
            document.text.clone()
        } else {
            scope.document(&document.text)?
        };
        let path = match destination.strip_suffix('/') {
            Some(above) => format!("{above}/{}", document.mark.name),
            None => destination.clone(),
        };
        let above = path.rsplit_once('/').map_or("/", |(above, _)| above);
        let (path, above) = (quoted(&path), quoted(if above.is_empty() { "/" } else { above }));
        // As one word, so that no line of the text can be taken for its end.
        script.push_str(&format!(
            "mkdir -p {above}\nprintf %s {} > {path}\nchmod {mode:o} {path}\n",
            quoted(&text)
        ));
    }
    Ok(sh(script))
}

impl Document {
    /// As a shell reads it; tabs are gone already.
    fn source(&self) -> String {
        format!("{}{}\n", self.text, self.mark.name)
    }
}

fn sh(script: String) -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned(), script]
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_here_documents_are_here_documents() {
        for (text, name, quoted, tabs) in [
            ("RUN <<EOF", "EOF", false, false),
            ("run python3 <<-'END'", "END", true, true),
            ("RUN a 3<<X b", "X", false, false),
            ("COPY <<\"a.txt\" /b/", "a.txt", true, false),
        ] {
            let name = name.to_owned();
            assert_eq!(marks(text, '\\'), [Mark { name, quoted, tabs }], "{text}");
        }
        for text in [
            "RUN cat <<< word",
            "RUN echo $((1<<2))",
            "RUN echo '<<EOF '",
            "RUN a << b",
            "RUN [\"cat\", \"<<EOF\"]",
            "ENV A=<<EOF",
        ] {
            assert_eq!(marks(text, '\\'), [], "{text}");
        }
        assert_eq!(marks("COPY <<a <<b /c/", '\\').len(), 2);
    }

    #[test]
    fn a_document_ends_at_its_mark() {
        let [mark] = <[Mark; 1]>::try_from(marks("RUN <<-EOF", '\\')).expect("one");
        let mut lines = "\ta\n\t\tEOF x\n  EOF\n\n# b\n\tEOF\nRUN c".lines();
        let document = collect(mark.clone(), &mut lines).expect("a document");
        assert_eq!(document.text, "a\nEOF x\n  EOF\n\n# b\n");
        assert_eq!(lines.next(), Some("RUN c"));
        assert!(collect(mark, "EOF \n".lines()).is_err());
    }
}
