//! What the manifest's variables mean.

use crate::http::Problem;

/// A runner of the platform's own that is registered at the first start.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnRunner {
    /// Id of its region.
    pub region: String,
    /// Its name, unique in the region.
    pub name: String,
    /// Lower-case hex SHA-256 of its token.
    pub token_hash: String,
}

/// The entries of a list that is separated by commas.
pub fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Reads `runner_token_hash`: entries `region:name:sha256`.
pub fn runners(list: &str) -> Result<Vec<OwnRunner>, Problem> {
    words(list).map(runner).collect()
}

fn runner(entry: &str) -> Result<OwnRunner, Problem> {
    let parts: Vec<&str> = entry.split(':').collect();
    match parts.as_slice() {
        [region, name, hash]
            if !region.is_empty()
                && !name.is_empty()
                && hash.len() == 64
                && hash.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            Ok(OwnRunner {
                region: (*region).to_owned(),
                name: (*name).to_owned(),
                token_hash: hash.to_ascii_lowercase(),
            })
        }
        // The entry itself is not repeated: it may hold a token by mistake.
        _ => Err(Problem::Internal(
            "variable runner_token_hash: an entry is not region:name:sha256".to_owned(),
        )),
    }
}

/// Reads a moment in milliseconds since the epoch; empty is 0.
pub fn moment(text: &str) -> Result<u64, Problem> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| Problem::Internal(format!("variable plane_started: {text:?} is no number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_region_name_and_hash() {
        let hash = "AB".repeat(32);
        let list = format!(" us:local:{hash} ,eu:local:{hash},");
        let read = runners(&list).expect("two runners");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].region.as_str(), read[1].region.as_str()), ("us", "eu"));
        assert_eq!(read[0].token_hash, "ab".repeat(32));
        assert_eq!(runners(""), Ok(Vec::new()));
        for bad in [
            "us",
            "us:local",
            "us:local:token",
            &format!("us::{hash}"),
            &format!("us:a:b:{hash}"),
        ] {
            let error = runners(bad).expect_err("refused");
            assert!(
                !error.to_string().contains("token:") && !error.to_string().contains(bad),
                "{error}"
            );
        }
    }

    #[test]
    fn moments_and_words() {
        assert_eq!((moment(""), moment("17")), (Ok(0), Ok(17)));
        assert!(moment("now").is_err());
        assert_eq!(words(" us, eu ,,").collect::<Vec<_>>(), ["us", "eu"]);
    }
}
