//! Which route answers a path. Spin's rules: an exact segment beats a named one, a named one beats the trailing
//! wildcard, so the longest prefix wins; of equal patterns the last in the manifest holds.

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    // The order is the precedence, best last.
    Named(String),
    Exact(String),
}

/// A parsed route pattern such as `/users/:id` or `/api/...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    wildcard: bool,
}

/// How a path fits a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures {
    /// Named segments and what stood in their place.
    pub named: Vec<(String, String)>,
    /// What the trailing wildcard took, starting with `/`; empty for an exact match.
    pub rest: String,
}

impl Pattern {
    /// Parses a pattern. `/*` at the end means the same as `/...`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts: Vec<&str> = split(text).collect();
        let wildcard = matches!(parts.last(), Some(&"..." | &"*"));
        if wildcard {
            parts.pop();
        }
        let segments = parts
            .into_iter()
            .map(|part| match part.strip_prefix(':') {
                Some(name) => Segment::Named(name.to_owned()),
                None => Segment::Exact(part.to_owned()),
            })
            .collect();
        Self {
            text: text.to_owned(),
            segments,
            wildcard,
        }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As written, without the trailing wildcard: `/api` of `/api/...`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        if !self.wildcard {
            return &self.text;
        }
        self.text.rsplit_once('/').map_or("", |(prefix, _)| prefix)
    }

    fn captures(&self, path: &[&str]) -> Option<Captures> {
        if path.len() < self.segments.len() || (!self.wildcard && path.len() > self.segments.len()) {
            return None;
        }
        let mut captures = Captures::default();
        for (segment, part) in self.segments.iter().zip(path) {
            match segment {
                Segment::Exact(text) if text == part => {}
                Segment::Exact(_) => return None,
                Segment::Named(name) => captures.named.push((name.clone(), (*part).to_owned())),
            }
        }
        for part in &path[self.segments.len()..] {
            captures.rest.push('/');
            captures.rest.push_str(part);
        }
        Some(captures)
    }

    /// Whether this pattern goes before `other` where both match the same path.
    fn beats(&self, other: &Self) -> bool {
        let exactness = |p: &Self| {
            p.segments
                .iter()
                .map(|s| matches!(s, Segment::Exact(_)))
                .collect::<Vec<_>>()
        };
        let (mine, theirs) = (exactness(self), exactness(other));
        for (a, b) in mine.iter().zip(&theirs) {
            if a != b {
                return *a;
            }
        }
        // The longer one is more particular; of equals, the one without a wildcard.
        mine.len() > theirs.len() || (mine.len() == theirs.len() && !self.wildcard && other.wildcard)
    }

    /// Whether both patterns take exactly the same paths.
    fn same(&self, other: &Self) -> bool {
        let shape = |p: &Self| -> Vec<Option<String>> {
            p.segments
                .iter()
                .map(|s| match s {
                    Segment::Exact(text) => Some(text.clone()),
                    Segment::Named(_) => None,
                })
                .collect()
        };
        self.wildcard == other.wildcard && shape(self) == shape(other)
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    // Slashes at both ends do not count, so `/a/` is `/a`.
    let trimmed = path.trim_matches('/');
    trimmed.split('/').filter(move |_| !trimmed.is_empty())
}

/// The routes of an application, each with what answers it.
#[derive(Debug, Clone)]
pub struct Table<T> {
    routes: Vec<(Pattern, T)>,
}

impl<T> Table<T> {
    /// Builds the table; `routes` in order of the manifest.
    pub fn new(routes: impl IntoIterator<Item = (Pattern, T)>) -> Self {
        let mut kept: Vec<(Pattern, T)> = Vec::new();
        for (pattern, target) in routes {
            if let Some(at) = kept.iter().position(|(p, _)| p.same(&pattern)) {
                tracing::error!(
                    route = pattern.text(),
                    "the manifest has this route twice; the last one holds"
                );
                kept.remove(at);
            }
            kept.push((pattern, target));
        }
        Self { routes: kept }
    }

    /// The best route for `path`, which starts with `/` and has no query.
    pub fn find(&self, path: &str) -> Option<(&Pattern, &T, Captures)> {
        let parts: Vec<&str> = split(path).collect();
        let mut best: Option<(&Pattern, &T, Captures)> = None;
        for (pattern, target) in &self.routes {
            let Some(captures) = pattern.captures(&parts) else {
                continue;
            };
            if best.as_ref().is_none_or(|(current, ..)| pattern.beats(current)) {
                best = Some((pattern, target, captures));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(patterns: &[&str]) -> Table<usize> {
        Table::new(patterns.iter().enumerate().map(|(i, p)| (Pattern::parse(p), i)))
    }

    fn found(patterns: &[&str], path: &str) -> Option<String> {
        table(patterns).find(path).map(|(p, ..)| p.text().to_owned())
    }

    #[test]
    fn exact_beats_wildcard_and_the_longest_prefix_wins_in_any_order() {
        for patterns in [["/...", "/a/...", "/a/b"], ["/a/b", "/a/...", "/..."]] {
            assert_eq!(found(&patterns, "/a/b").as_deref(), Some("/a/b"));
            assert_eq!(found(&patterns, "/a/b/c").as_deref(), Some("/a/..."));
            assert_eq!(found(&patterns, "/x").as_deref(), Some("/..."));
        }
    }

    #[test]
    fn exact_segments_beat_named_ones() {
        let patterns = ["/users/:id", "/users/me"];
        assert_eq!(found(&patterns, "/users/me").as_deref(), Some("/users/me"));
        assert_eq!(found(&patterns, "/users/7").as_deref(), Some("/users/:id"));
    }

    #[test]
    fn a_wildcard_takes_its_own_prefix_too() {
        for path in ["/api", "/api/"] {
            let table = table(&["/api/..."]);
            let (pattern, _, captures) = table.find(path).expect("matches");
            assert_eq!((pattern.prefix(), captures.rest.as_str()), ("/api", ""));
        }
        assert_eq!(found(&["/api/*"], "/api/x").as_deref(), Some("/api/*"));
        assert_eq!(found(&["/api/..."], "/apix"), None);
        assert_eq!(found(&["/api"], "/api/x"), None);
    }

    #[test]
    fn captures_names_and_rest() {
        let table = table(&["/t/:sandbox/..."]);
        let (_, _, captures) = table.find("/t/s1/files/info").expect("matches");
        assert_eq!(captures.named, [("sandbox".to_owned(), "s1".to_owned())]);
        assert_eq!(captures.rest, "/files/info");
    }

    #[test]
    fn of_equal_routes_the_last_holds() {
        let table = table(&["/a/:x", "/a/:y", "/b"]);
        assert_eq!(table.find("/a/1").map(|(_, t, _)| *t), Some(1));
    }

    #[test]
    fn the_root_is_a_path_like_any_other() {
        assert_eq!(found(&["/"], "/").as_deref(), Some("/"));
        assert_eq!(found(&["/"], "/a"), None);
        assert_eq!(found(&["/..."], "/").as_deref(), Some("/..."));
        assert_eq!(Pattern::parse("/...").prefix(), "");
    }
}
