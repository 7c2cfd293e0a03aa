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

/// Reads a number; an empty one is the default.
pub fn number(name: &str, text: &str, default: u64) -> Result<u64, Problem> {
    if text.is_empty() {
        return Ok(default);
    }
    text.parse()
        .map_err(|_| Problem::Internal(format!("variable {name}: {text:?} is no number")))
}

/// What the fleet is measured by; milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetLimits {
    /// Silence after which a runner is suspect.
    pub suspect_after: u64,
    /// Silence after which nothing new goes to it.
    pub disconnected_after: u64,
    /// Silence after which nobody expects it back.
    pub lost_after: u64,
    /// Percent of a region's runners that, silent at once, stop evictions there; 0: no brake.
    pub brake_share: u64,
    /// Fewer silent runners than this never pull the brake.
    pub brake_least: u64,
    /// How long a runner holds its sandboxes by a report.
    pub lease: u64,
    /// How often runners report.
    pub report_every: u64,
    /// Score below which a runner takes nothing new, 0 to 100.
    pub least_score: u64,
}

impl Default for FleetLimits {
    /// Runners report every 5 s. One lost report is nothing, two are suspect; after half a minute nothing new goes there;
    /// after a quarter of an hour nobody expects it back. A lease is shorter than that, so that a runner has stopped
    /// answering before anybody else may.
    fn default() -> Self {
        Self {
            suspect_after: 10_000,
            disconnected_after: 30_000,
            lost_after: 900_000,
            brake_share: 50,
            brake_least: 2,
            lease: 60_000,
            report_every: 5_000,
            least_score: 1,
        }
    }
}

impl FleetLimits {
    /// Whether the numbers fit each other; the text says what does not.
    pub fn check(self) -> Result<Self, Problem> {
        let bad = |text: &str| Err(Problem::Internal(format!("variables of the fleet: {text}")));
        if !(self.suspect_after < self.disconnected_after && self.disconnected_after < self.lost_after) {
            return bad("suspect_after < disconnected_after < lost_after does not hold");
        }
        if self.lease >= self.lost_after {
            return bad("lease is not shorter than lost_after: two copies of a sandbox might both answer");
        }
        if self.report_every == 0 || self.report_every >= self.suspect_after {
            return bad("report_every is not between 1 and suspect_after");
        }
        if self.brake_share > 100 || self.least_score > 100 {
            return bad("brake_share and least_score are 0 to 100");
        }
        Ok(self)
    }
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
    fn limits_that_contradict_each_other_are_refused() {
        let fine = FleetLimits::default();
        assert_eq!(fine.check(), Ok(fine));
        for bad in [
            FleetLimits {
                suspect_after: 40_000,
                ..fine
            },
            FleetLimits {
                lease: fine.lost_after,
                ..fine
            },
            FleetLimits {
                report_every: 0,
                ..fine
            },
            FleetLimits {
                brake_share: 101,
                ..fine
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_and_words() {
        assert_eq!((number("n", "", 5), number("n", "17", 5)), (Ok(5), Ok(17)));
        assert!(number("n", "now", 5).is_err_and(|problem| problem.to_string().contains("variable n")));
        assert_eq!(words(" us, eu ,,").collect::<Vec<_>>(), ["us", "eu"]);
    }
}
