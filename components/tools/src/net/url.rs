//! Addresses of the web.

/// An address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https`.
    pub secure: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Port, as given or as usual.
    pub port: u16,
    /// Path and query; never empty.
    pub target: String,
    /// `user:password`, decoded.
    pub user: Option<String>,
}

impl Url {
    /// Takes `text` apart; without a scheme it is `http`.
    ///
    /// # Errors
    /// Another scheme, or no host.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            other => return Err(format!("Protocol \"{other}\" not supported; only http and https are")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(decode(user)), place),
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or("bad IPv6 address in the URL")?;
                (host, after.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            Some(port) if !port.is_empty() => port
                .parse()
                .map_err(|_| "Port number was not a decimal number between 0 and 65535")?,
            _ if secure => 443,
            _ => 80,
        };
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("No host part in the URL".into());
        }
        let target = match target.chars().next() {
            None => "/".to_owned(),
            Some('?') => format!("/{target}"),
            _ => target.to_owned(),
        };
        // What would end the request line is escaped.
        let target = target
            .chars()
            .map(|c| {
                if c.is_whitespace() || c.is_control() {
                    format!("%{:02X}", c as u32 & 0xff)
                } else {
                    c.to_string()
                }
            })
            .collect();
        Ok(Self {
            secure,
            host: host.to_owned(),
            port,
            target,
            user,
        })
    }

    /// Where a redirection from here leads.
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.trim();
        let start = location.split(['/', '?', '#']).next().unwrap_or_default();
        if location.contains("://") && start.ends_with(':') {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme()));
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let target = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let directory = &path[..=path.rfind('/').unwrap_or(0)];
            format!("{directory}{location}")
        };
        let (path, query) = target
            .split_once('?')
            .map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "." => {}
                ".." => {
                    if parts.len() > 1 {
                        parts.pop();
                    }
                }
                other => parts.push(other),
            }
        }
        let mut path = parts.join("/");
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        Self::parse(&format!("{}://{}{target}", self.scheme(), self.authority()))
    }

    /// `http` or `https`
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Host, and the port if it is not the usual one: what `Host` says.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// The last part of the path, for files named after it.
    pub fn file_name(&self) -> Option<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.target)
    }
}

/// Text with its `%` escapes resolved.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let code = code.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match code {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text as it stands in a form.
pub fn encode(text: &[u8]) -> String {
    let mut out = String::new();
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let url = Url::parse("https://u:p%40@Example.com:8443/a/b?c=d#e").unwrap();
        assert_eq!(
            (url.secure, url.host.as_str(), url.port, url.target.as_str()),
            (true, "Example.com", 8443, "/a/b?c=d")
        );
        assert_eq!(url.user.as_deref(), Some("u:p@"));
        assert_eq!(
            Url::parse("localhost:3000").unwrap().to_string(),
            "http://localhost:3000/"
        );
        assert_eq!(Url::parse("http://[::1]:80/x").unwrap().authority(), "[::1]");
        assert_eq!(Url::parse("http://h/a b\r\nX: y").unwrap().target, "/a%20b%0D%0AX:%20y");
        for bad in [
            "ftp://x/",
            "http:///x",
            "http://h:99999/",
            "http://[::1/",
            "http://a b/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
        for (location, wanted) in [
            ("/x", "http://h:1/x"),
            ("y", "http://h:1/a/y"),
            ("../z?q", "http://h:1/z?q"),
            ("../../../up", "http://h:1/up"),
            ("?q", "http://h:1/a/b?q"),
            ("//other/p", "http://other/p"),
            ("https://s/", "https://s/"),
        ] {
            assert_eq!(
                Url::parse("http://h:1/a/b")
                    .unwrap()
                    .join(location)
                    .unwrap()
                    .to_string(),
                wanted
            );
        }
    }
}
