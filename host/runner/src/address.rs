//! The plane's address, taken apart.

use crate::error::RunnerError;
use http::Uri;

/// Where the plane is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `host:port`, to dial.
    pub(crate) dial: String,
    /// Value of the Host header.
    pub(crate) authority: String,
    /// Base of the API, without a slash at its end.
    pub(crate) api: String,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, RunnerError> {
        let refuse = |reason| RunnerError::Address {
            url: url.to_owned(),
            reason,
        };
        let uri: Uri = url.parse().map_err(|_| refuse("it is not a URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(refuse(
                    "this version speaks no TLS; put a TLS proxy or tunnel beside the runner",
                ));
            }
            _ => return Err(refuse("it does not start with http://")),
        }
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it holds a user name"));
        }
        if uri.query().is_some() {
            return Err(refuse("it has a query"));
        }
        Ok(Self {
            dial: format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80)),
            authority: authority.as_str().to_owned(),
            api: format!("http://{authority}{}", uri.path().trim_end_matches('/')),
        })
    }

    /// The address of one route of the API; `route` starts with a slash.
    pub(crate) fn route(&self, route: &str) -> String {
        format!("{}{route}", self.api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = Address::parse("http://127.0.0.1:3000/api/").expect("an address");
        assert_eq!(address.dial, "127.0.0.1:3000");
        assert_eq!(address.route("/jobs/poll"), "http://127.0.0.1:3000/api/jobs/poll");
        let address = Address::parse("http://plane/api").expect("an address");
        assert_eq!(
            (address.dial.as_str(), address.authority.as_str()),
            ("plane:80", "plane")
        );
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_with_a_reason() {
        for bad in [
            "",
            "plane:3000",
            "https://x/api",
            "http://u:p@x/api",
            "http://x/api?y",
            "ftp://x",
        ] {
            let error = Address::parse(bad).expect_err(bad).to_string();
            assert!(error.contains("http://127.0.0.1:3000/api"), "{error}");
        }
    }
}
