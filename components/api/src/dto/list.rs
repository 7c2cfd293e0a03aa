//! Lists of sandboxes: what may be asked for, and pages.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::contracts::store::{Sandbox, SandboxQuery};
use crate::http::{Problem, Query};
use crate::rules::lifecycle::shown;
use crate::times;

/// Items of a page, if the caller does not say.
const LIMIT: u32 = 100;
/// The most items of a page.
const LIMIT_MOST: u32 = 200;
/// Values of one filter: more is no filter but a list.
const VALUES: usize = 200;

fn bad<T>(text: String) -> Result<T, Problem> {
    Err(Problem::BadRequest(text))
}

/// Where a page ends: the value of the sort field and the id of its last row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    sort_value: String,
    id: String,
}

impl Cursor {
    /// The cursor after this row.
    pub fn after(row: &Sandbox, sort: &str) -> Self {
        let sort_value = match sort {
            "name" => row.name.clone(),
            "createdAt" => row.created.to_string(),
            "cpu" => row.cpu.to_string(),
            "memoryGib" => row.memory_gib.to_string(),
            "diskGib" => row.disk_gib.to_string(),
            _ => row.last_activity.to_string(),
        };
        Self {
            sort_value,
            id: row.id.clone(),
        }
    }

    /// As text for the wire.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// From the wire; 400 if it is not one of ours.
    pub fn decode(text: &str, sort: &str) -> Result<Self, Problem> {
        let cursor: Option<Self> = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match cursor {
            Some(cursor) if sort == "name" || cursor.sort_value.parse::<u64>().is_ok() => Ok(cursor),
            _ => bad("cursor: not one that this list gave".to_owned()),
        }
    }
}

/// What the store does not filter: applied to each page, which may so become shorter, or even empty.
#[derive(Clone, Debug, Default, PartialEq)]
struct Filter {
    states: Vec<String>,
    classes: Vec<String>,
    gpu: (Option<f64>, Option<f64>),
}

fn one_of(value: &str, list: &[String]) -> bool {
    list.is_empty() || list.iter().any(|one| one == value)
}

impl Filter {
    fn passes(&self, it: &Sandbox) -> bool {
        let (least, most) = self.gpu;
        one_of(shown(&it.state, &it.desired), &self.states)
            && one_of("wasm", &self.classes)
            && least.is_none_or(|least| least <= 0.0)
            && most.is_none_or(|most| most >= 0.0)
    }

    /// The observed states that may show as one of those asked for; none: any may.
    fn observed(&self) -> Vec<String> {
        let mut observed: Vec<String> = Vec::new();
        for state in &self.states {
            let behind: &[&str] = match state.as_str() {
                "stopping" => &["started", "creating"],
                "starting" => &["stopped"],
                "destroying" => return Vec::new(),
                other => &[other],
            };
            observed.extend(behind.iter().map(|state| (*state).to_owned()));
        }
        observed.sort();
        observed.dedup();
        observed
    }
}

/// An inclusive bound in whole units: a fraction rounds to the inside.
fn bound(value: Option<f64>, up: bool) -> Option<u32> {
    // Out of range saturates, which is what a bound means.
    value.map(|value| if up { value.ceil() as u32 } else { value.floor() as u32 })
}

/// A list that is asked for.
#[derive(Clone, Debug)]
pub struct Listing {
    /// For the store.
    pub query: SandboxQuery,
    filter: Filter,
}

impl Listing {
    /// Reads the query of a URL; 400 for what it should not contain.
    pub fn read(organization: &str, query: &Query) -> Result<Self, Problem> {
        let sort = query.get("sort").unwrap_or("lastActivityAt").to_owned();
        if !["name", "createdAt", "lastActivityAt", "cpu", "memoryGib", "diskGib"].contains(&sort.as_str()) {
            return bad(format!("sort: {sort:?} is no field to sort by"));
        }
        let descending = match query.get("order").unwrap_or("desc") {
            "desc" => true,
            "asc" => false,
            other => return bad(format!("order: {other:?} is neither asc nor desc")),
        };
        let after = query
            .get("cursor")
            .map(|text| Cursor::decode(text, &sort))
            .transpose()?;
        let list = |name: &str| {
            let values = query.all(name);
            if values.len() > VALUES {
                bad(format!("{name}: at most {VALUES} values are allowed"))
            } else {
                Ok(values)
            }
        };
        let time = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => match times::parse(text) {
                Some(time) => Ok(Some(time)),
                None => bad(format!("{name}: {text:?} is no time like 2026-01-01T00:00:00Z")),
            },
        };
        let range = |name: &str| -> Result<(Option<f64>, Option<f64>), Problem> {
            Ok((
                query.parsed(&format!("min{name}"))?,
                query.parsed(&format!("max{name}"))?,
            ))
        };
        let whole = |name: &str| -> Result<(Option<u32>, Option<u32>), Problem> {
            let (least, most) = range(name)?;
            Ok((bound(least, true), bound(most, false)))
        };
        let filter = Filter {
            states: list("states")?,
            classes: list("sandboxClasses")?,
            gpu: range("Gpu")?,
        };
        Ok(Self {
            query: SandboxQuery {
                organization: organization.to_owned(),
                ids: list("id")?,
                name_prefix: query.get("name").map(str::to_owned),
                labels: labels(query.get("labels"))?,
                states: filter.observed(),
                regions: list("regionIds")?,
                snapshots: list("snapshots")?,
                cpu: whole("Cpu")?,
                memory_gib: whole("MemoryGiB")?,
                disk_gib: whole("DiskGiB")?,
                created: (time("createdAtAfter")?, time("createdAtBefore")?),
                active: (time("lastEventAfter")?, time("lastEventBefore")?),
                public: query.parsed("isPublic")?,
                recoverable: query.parsed("isRecoverable")?,
                errored_deleted: query.parsed("includeErroredDeleted")?.unwrap_or(false),
                sort,
                descending,
                after: after.map(|cursor| (cursor.sort_value, cursor.id)),
                limit: limit(query)?,
            },
            filter,
        })
    }

    /// Everything of an organization, newest first, in the largest pages.
    pub fn everything(organization: &str) -> Result<Self, Problem> {
        Self::read(
            organization,
            &Query::parse("sort=createdAt&limit=200&includeErroredDeleted=true"),
        )
    }

    /// Whether a row of the store belongs in the list.
    pub fn passes(&self, it: &Sandbox) -> bool {
        self.filter.passes(it)
    }

    /// The position of a row in this list, for the store.
    pub fn position(&self, row: &Sandbox) -> (String, String) {
        let cursor = Cursor::after(row, &self.query.sort);
        (cursor.sort_value, cursor.id)
    }

    /// The cursor of the page after these rows of the store; none if they were the last.
    pub fn next(&self, rows: &[Sandbox]) -> Option<String> {
        let full = u32::try_from(rows.len()).is_ok_and(|number| number >= self.query.limit);
        rows.last()
            .filter(|_| full)
            .map(|row| Cursor::after(row, &self.query.sort).encode())
    }
}

/// The page size of a query.
pub fn limit(query: &Query) -> Result<u32, Problem> {
    match query.parsed::<u32>("limit")? {
        None => Ok(LIMIT),
        Some(limit) if (1..=LIMIT_MOST).contains(&limit) => Ok(limit),
        Some(limit) => bad(format!("limit: {limit} is not in 1 to {LIMIT_MOST}")),
    }
}

fn labels(text: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    match serde_json::from_str::<BTreeMap<String, String>>(text) {
        Ok(labels) if labels.len() <= VALUES => Ok(labels.into_iter().collect()),
        Ok(_) => bad(format!("labels: at most {VALUES} are allowed")),
        Err(error) => bad(format!("labels: no JSON object of strings: {error}")),
    }
}

/// A page by cursor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The sandboxes.
    pub items: Vec<T>,
    /// For the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A page by number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paginated<T> {
    /// The sandboxes.
    pub items: Vec<T>,
    /// On all pages together.
    pub total: usize,
    /// From 1 on.
    pub page: usize,
    /// Number of pages.
    pub total_pages: usize,
}

impl<T> Paginated<T> {
    /// The same page of other items.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Paginated<U> {
        Paginated {
            items: self.items.into_iter().map(each).collect(),
            total: self.total,
            page: self.page,
            total_pages: self.total_pages,
        }
    }

    /// Cuts page `page` (from 1) of `limit` items out of all.
    pub fn cut(all: Vec<T>, page: usize, limit: usize) -> Self {
        let (total, limit) = (all.len(), limit.max(1));
        let items = all
            .into_iter()
            .skip(page.saturating_sub(1).saturating_mul(limit))
            .take(limit)
            .collect();
        Self {
            items,
            total,
            page,
            total_pages: total.div_ceil(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::sample;

    fn read(query: &str) -> Result<Listing, Problem> {
        Listing::read("org-1", &Query::parse(query))
    }

    #[test]
    fn without_a_word_the_latest_hundred() {
        let listing = read("").expect("fine");
        assert_eq!(
            (listing.query.sort.as_str(), listing.query.descending),
            ("lastActivityAt", true)
        );
        assert_eq!(
            (listing.query.limit, listing.query.organization.as_str()),
            (100, "org-1")
        );
        assert!(listing.passes(&sample()));
    }

    #[test]
    fn pages_follow_each_other_by_cursor() {
        for (sort, value) in [
            ("name", "demo"),
            ("createdAt", "1767225600000"),
            ("lastActivityAt", "1767225600000"),
            ("cpu", "1"),
            ("memoryGib", "1"),
            ("diskGib", "3"),
        ] {
            let listing = read(&format!("sort={sort}&limit=1")).expect("fine");
            let cursor = listing.next(&[sample()]).expect("a full page has a successor");
            let next = read(&format!("sort={sort}&cursor={cursor}")).expect("fine");
            assert_eq!(next.query.after, Some((value.to_owned(), sample().id)));
            assert_eq!(listing.next(&[]), None);
            assert_eq!(next.next(&[sample()]), None);
        }
    }

    #[test]
    fn nonsense_is_400() {
        let of_names = read("sort=name&limit=1")
            .expect("fine")
            .next(&[sample()])
            .expect("a cursor");
        for query in [
            "limit=0",
            "limit=201",
            "limit=x",
            "sort=color",
            "order=up",
            "cursor=xx",
            "labels=1",
            "labels={",
            "isPublic=yes",
            "minCpu=x",
            "createdAtAfter=now",
            &format!("cursor={of_names}"),
        ] {
            assert_eq!(read(query).map(|_| ()).map_err(|p| p.status()), Err(400), "{query}");
        }
    }

    #[test]
    fn filters_look_at_the_state_that_is_shown() {
        let passes = |query: &str, it: &Sandbox| read(query).expect("fine").passes(it);
        let stopping = Sandbox {
            desired: "stopped".into(),
            ..sample()
        };
        assert!(passes("states=stopping", &stopping) && !passes("states=started", &stopping));
        assert!(passes("states=started&states=error", &sample()));
        assert!(passes("maxGpu=0", &sample()) && !passes("minGpu=1", &sample()));
        assert!(passes("sandboxClasses=wasm", &sample()) && !passes("sandboxClasses=container", &sample()));
        let observed = |query: &str| read(query).expect("fine").query.states;
        assert_eq!(observed("states=stopping&states=started"), ["creating", "started"]);
        assert!(observed("states=destroying&states=error").is_empty());
    }

    #[test]
    fn the_store_filters_the_rest() {
        let query = read(
            "labels=%7B%22a%22%3A%22b%22%7D&minCpu=1.5&maxMemoryGiB=2.5&isPublic=true&snapshots=x&includeErroredDeleted=true\
             &createdAtAfter=1970-01-01T00:00:01Z",
        )
        .expect("fine")
        .query;
        assert_eq!(query.labels, [("a".to_owned(), "b".to_owned())]);
        assert_eq!((query.cpu, query.memory_gib), ((Some(2), None), (None, Some(2))));
        assert_eq!((query.public, query.errored_deleted), (Some(true), true));
        assert_eq!(query.created, (Some(1_000), None));
    }

    #[test]
    fn numbered_pages() {
        let page = Paginated::cut((0..5).collect(), 2, 2);
        assert_eq!(
            (page.items, page.total, page.page, page.total_pages),
            (vec![2, 3], 5, 2, 3)
        );
        assert!(Paginated::cut((0..5).collect(), 9, 2).items.is_empty());
        assert_eq!(Paginated::<u8>::cut(Vec::new(), 1, 10).total_pages, 0);
    }
}
