//! The words of `serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const USAGE: &str = "usage: serve FILE.wasm --port PORT [--address ADDRESS]";

/// What is served, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) file: String,
    pub(crate) address: SocketAddr,
}

impl Arguments {
    /// Reads what follows the program's name.
    ///
    /// # Errors
    /// What is wrong, and how it would be right.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let (mut file, mut port, mut address) = (None, None, IpAddr::V4(Ipv4Addr::LOCALHOST));
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word, None),
            };
            let mut value = || {
                let value = value.or_else(|| words.next());
                value.ok_or_else(|| format!("{name} needs a value; {USAGE}"))
            };
            match name {
                "-p" | "--port" => {
                    let text = value()?;
                    let number = text.parse().ok().filter(|port: &u16| *port != 0);
                    port = Some(number.ok_or_else(|| format!("{text:?} is not a port from 1 to 65535"))?);
                }
                "--address" => {
                    let text = value()?;
                    let parsed = if text == "localhost" { Ok(address) } else { text.parse() };
                    address = parsed.map_err(|_| format!("{text:?} is not an address such as 127.0.0.1 or ::1"))?;
                }
                _ if word.starts_with('-') => return Err(format!("unknown option {word}; {USAGE}")),
                _ if file.is_none() => file = Some(word.to_owned()),
                _ => return Err(format!("one file is enough; {USAGE}")),
            }
        }
        match (file, port) {
            (Some(file), Some(port)) => Ok(Self {
                file,
                address: SocketAddr::new(address, port),
            }),
            (None, _) => Err(format!("no file is named; {USAGE}")),
            (_, None) => Err(format!("no port is named; {USAGE}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Arguments, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Arguments::parse(&words)
    }

    #[test]
    fn words_in_any_order() {
        for text in [
            "a.wasm --port 80",
            "--port=80 a.wasm",
            "-p 80 --address localhost a.wasm",
        ] {
            let parsed = parse(text).expect("fine");
            assert_eq!(
                (parsed.file.as_str(), parsed.address.to_string()),
                ("a.wasm", "127.0.0.1:80".into())
            );
        }
        let six = parse("--address ::1 a.wasm --port 8080").expect("fine");
        assert_eq!(six.address.to_string(), "[::1]:8080");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("", "no file"),
            ("a.wasm", "no port"),
            ("a.wasm --port", "needs a value"),
            ("a.wasm --port 0", "not a port"),
            ("a.wasm --port 70000", "not a port"),
            ("a.wasm b.wasm --port 80", "one file"),
            ("a.wasm --port 80 --tls", "unknown option --tls"),
            ("a.wasm --port 80 --address here", "not an address"),
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
