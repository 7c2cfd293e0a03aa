//! An address, taken apart.

use http::Uri;

/// Where something is, by URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether it speaks TLS.
    pub secure: bool,
    /// Host, without brackets: also the name that a certificate must have.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Value of the Host header.
    pub authority: String,
    /// Path without a slash at its end; often empty.
    pub path: String,
}

/// Why a URL cannot be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} cannot be used: {reason}")]
pub struct OriginError {
    /// As given.
    pub url: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Origin {
    /// Reads `http://…` or `https://…`.
    ///
    /// # Errors
    /// Anything else, and URLs with user names or queries.
    pub fn parse(url: &str) -> Result<Self, OriginError> {
        let refuse = |reason| OriginError {
            url: url.to_owned(),
            reason,
        };
        let uri: Uri = url.parse().map_err(|_| refuse("it is not a URL"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refuse("it does not start with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it holds a user name"));
        }
        if uri.query().is_some() {
            return Err(refuse("it has a query"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            secure,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The address of one route; `route` starts with a slash.
    #[must_use]
    pub fn route(&self, route: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}{route}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let plain = Origin::parse("http://127.0.0.1:3000/api/").expect("an origin");
        assert_eq!(
            (plain.host.as_str(), plain.port, plain.secure),
            ("127.0.0.1", 3000, false)
        );
        assert_eq!(plain.route("/jobs/poll"), "http://127.0.0.1:3000/api/jobs/poll");
        let secure = Origin::parse("https://plane.example/api").expect("an origin");
        assert_eq!((secure.port, secure.secure), (443, true));
        assert_eq!(secure.route("/x"), "https://plane.example/api/x");
        let six = Origin::parse("http://[::1]:8080").expect("an origin");
        assert_eq!((six.host.as_str(), six.authority.as_str()), ("::1", "[::1]:8080"));
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_with_a_reason() {
        for bad in ["", "plane:3000", "http://u:p@x/api", "https://x/api?y", "ftp://x"] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
