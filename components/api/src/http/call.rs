//! A request, taken apart.

use serde::de::DeserializeOwned;

use crate::http::Problem;

/// The methods that the API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// Any other; no route has it.
    Other,
}

impl Method {
    /// Reads the name of a method.
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }
}

/// The query of a URL, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URL after `?`.
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All values of this name, also when written as `name[]` or separated by commas.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A number or flag of this name; 400 if it is something else.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.get(name)
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| Problem::BadRequest(format!("query parameter {name}: {value:?} is no valid value")))
            })
            .transpose()
    }
}

/// A request, as handlers need it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path, as it came.
    pub path: String,
    /// The query.
    pub query: Query,
    /// What follows `Bearer ` in `Authorization`.
    pub bearer: Option<String>,
    /// `Sandbar-Front-Key`.
    pub front_key: Option<String>,
    /// `X-Daytona-Organization-ID`: in which organization an operator acts.
    pub organization: Option<String>,
    /// `Sandbar-Runner-Process`: the number that the calling runner's process was given.
    pub process: Option<String>,
    /// `Sandbar-Preview-Token`.
    pub preview_token: Option<String>,
    /// The body, at most [`crate::http::BODY`] bytes.
    pub body: Vec<u8>,
    /// When it arrived, in milliseconds since the epoch.
    pub now: u64,
}

impl Call {
    /// The body as JSON; 400 if it is none, or not what is expected. An empty body is an empty object, so that
    /// routes without a required field accept it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        // A record could be read from an array too, field by field; no client means that.
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::BadRequest(
                "the body does not fit: it is an array, send a JSON object".to_owned(),
            ));
        }
        serde_json::from_slice(body).map_err(|error| {
            let what = if error.is_data() {
                "the body does not fit"
            } else {
                "the body is not valid JSON"
            };
            Problem::BadRequest(format!("{what}: {error}"))
        })
    }
}

/// What follows `Bearer ` in the value of an `Authorization` header.
pub fn bearer(authorization: &str) -> Option<String> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_repeated_names_collected() {
        let query = Query::parse("limit=5&states=started&states=stopped,error&labels=%7B%22a%22%3A1%7D&x=&e[]=1");
        assert_eq!(query.get("limit"), Some("5"));
        assert_eq!(query.get("x"), None);
        assert_eq!(query.get("labels"), Some("{\"a\":1}"));
        assert_eq!(query.all("states"), ["started", "stopped", "error"]);
        assert_eq!(query.all("e"), ["1"]);
        assert_eq!(query.parsed::<u32>("limit"), Ok(Some(5)));
        assert_eq!(query.parsed::<u32>("none"), Ok(None));
        assert_eq!(query.parsed::<u32>("states").map_err(|p| p.status()), Err(400));
    }

    #[test]
    fn bearers() {
        assert_eq!(bearer("Bearer abc"), Some("abc".into()));
        assert_eq!(bearer("bearer  abc "), Some("abc".into()));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn bodies_that_are_no_json_or_do_not_fit_are_400() {
        let call = |body: &str| Call {
            method: Method::Post,
            path: "/".into(),
            query: Query::default(),
            bearer: None,
            front_key: None,
            organization: None,
            process: None,
            preview_token: None,
            body: body.as_bytes().to_vec(),
            now: 0,
        };
        type Map = std::collections::BTreeMap<String, u32>;
        assert!(call("").json::<Map>().is_ok());
        let text = |body| call(body).json::<Map>().map_err(|p| (p.status(), p.to_string()));
        assert!(text("{").is_err_and(|(status, text)| status == 400 && text.contains("not valid JSON")));
        assert!(text("[1]").is_err_and(|(status, text)| status == 400 && text.contains("does not fit")));
        assert!(text("{\"a\":\"b\"}").is_err_and(|(status, _)| status == 400));
    }
}
