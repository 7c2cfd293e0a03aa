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
pub struct Filter {
    states: Vec<String>,
    snapshots: Vec<String>,
    classes: Vec<String>,
    sizes: [(Option<f64>, Option<f64>); 4],
    public: Option<bool>,
    recoverable: Option<bool>,
    created: (Option<u64>, Option<u64>),
    active: (Option<u64>, Option<u64>),
    errored_deleted: bool,
}

fn within<T: PartialOrd>(value: T, (least, most): &(Option<T>, Option<T>)) -> bool {
    least.as_ref().is_none_or(|least| value >= *least) && most.as_ref().is_none_or(|most| value <= *most)
}

fn one_of(value: &str, list: &[String]) -> bool {
    list.is_empty() || list.iter().any(|one| one == value)
}

impl Filter {
    /// Whether a sandbox belongs in the list.
    pub fn passes(&self, it: &Sandbox) -> bool {
        let sizes = [f64::from(it.cpu), f64::from(it.memory_gib), f64::from(it.disk_gib), 0.0];
        one_of(shown(&it.state, &it.desired), &self.states)
            && one_of(&it.snapshot, &self.snapshots)
            && one_of("wasm", &self.classes)
            && sizes.iter().zip(&self.sizes).all(|(size, range)| within(*size, range))
            && self.public.is_none_or(|wanted| it.public == wanted)
            && self.recoverable.is_none_or(|wanted| it.recoverable == wanted)
            && within(it.created, &self.created)
            && within(it.last_activity, &self.active)
            && (self.errored_deleted || it.state != "error" || it.desired != "destroyed")
    }
}

/// A list that is asked for.
#[derive(Clone, Debug)]
pub struct Listing {
    /// For the store.
    pub query: SandboxQuery,
    /// For what comes from the store.
    pub filter: Filter,
}

impl Listing {
    /// Reads the query of a URL; 400 for what it should not contain.
    pub fn read(organization: &str, query: &Query) -> Result<Self, Problem> {
        let sort = query.get("sort").unwrap_or("lastActivityAt").to_owned();
        match sort.as_str() {
            "name" | "createdAt" | "lastActivityAt" => {}
            "cpu" | "memoryGib" | "diskGib" => {
                return bad(format!("sort: by {sort} is not supported by this server"));
            }
            _ => return bad(format!("sort: {sort:?} is no field to sort by")),
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
        Ok(Self {
            filter: Filter {
                states: list("states")?,
                snapshots: list("snapshots")?,
                classes: list("sandboxClasses")?,
                sizes: [range("Cpu")?, range("MemoryGiB")?, range("DiskGiB")?, range("Gpu")?],
                public: query.parsed("isPublic")?,
                recoverable: query.parsed("isRecoverable")?,
                created: (time("createdAtAfter")?, time("createdAtBefore")?),
                active: (time("lastEventAfter")?, time("lastEventBefore")?),
                errored_deleted: query.parsed("includeErroredDeleted")?.unwrap_or(false),
            },
            query: SandboxQuery {
                organization: organization.to_owned(),
                ids: list("id")?,
                name_prefix: query.get("name").map(str::to_owned),
                labels: labels(query.get("labels"))?,
                states: Vec::new(),
                regions: list("regionIds")?,
                sort,
                descending,
                after: after.map(|cursor| (cursor.sort_value, cursor.id)),
                limit: limit(query)?,
            },
        })
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
        assert!(listing.filter.passes(&sample()));
    }

    #[test]
    fn pages_follow_each_other_by_cursor() {
        for sort in ["name", "createdAt", "lastActivityAt"] {
            let listing = read(&format!("sort={sort}&limit=1")).expect("fine");
            let cursor = listing.next(&[sample()]).expect("a full page has a successor");
            let next = read(&format!("sort={sort}&cursor={cursor}")).expect("fine");
            let value = if sort == "name" { "demo" } else { "1767225600000" };
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
        let passes = |query: &str, it: &Sandbox| read(query).expect("fine").filter.passes(it);
        let stopping = Sandbox {
            desired: "stopped".into(),
            ..sample()
        };
        assert!(passes("states=stopping", &stopping) && !passes("states=started", &stopping));
        assert!(passes("states=started&states=error", &sample()));
        assert!(passes("minCpu=1&maxCpu=1&maxGpu=0", &sample()) && !passes("minCpu=2", &sample()));
        assert!(!passes("isPublic=true", &sample()) && passes("snapshots=default", &sample()));
        assert!(passes("createdAtAfter=2025-12-31T00:00:00Z", &sample()));
        assert!(!passes("createdAtBefore=2025-12-31T00:00:00Z", &sample()));
        let leaving = Sandbox {
            state: "error".into(),
            desired: "destroyed".into(),
            ..sample()
        };
        assert!(!passes("", &leaving) && passes("includeErroredDeleted=true", &leaving));
        let labels = read("labels=%7B%22a%22%3A%22b%22%7D").expect("fine").query.labels;
        assert_eq!(labels, [("a".to_owned(), "b".to_owned())]);
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
