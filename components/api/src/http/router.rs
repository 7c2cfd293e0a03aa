//! The table of routes.

use percent_encoding::percent_decode_str;

use crate::http::{Method, Problem};

/// What a call is about. One variant for each row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the table below says what each is
pub enum Route {
    Metrics,
    Health,
    Ready,
    Config,
    CreateSandbox,
    ListSandboxes,
    PaginateSandboxes,
    GetSandbox,
    DeleteSandbox,
    StartSandbox,
    StopSandbox,
    RecoverSandbox,
    SetLabels,
    SetPublic,
    SetAutoStop,
    SetAutoArchive,
    SetAutoDelete,
    TouchSandbox,
    ToolboxProxyUrl,
    SharedRegions,
    ListRegions,
    CreateRegion,
    GetRegion,
    DeleteRegion,
    ListRunners,
    CreateRunner,
    GetRunner,
    DeleteRunner,
    SetScheduling,
    SetDraining,
    OwnRunner,
    OwnSandboxes,
    Healthcheck,
    Report,
    PollJobs,
    EndJob,
    Access,
    Identity,
    Changes,
    Activity,
}

use Method::{Delete, Get, Patch, Post, Put};

/// Method, pattern, route. A segment in braces takes any text; where two patterns match, the first wins.
const TABLE: &[(Method, &str, Route)] = &[
    (Get, "/metrics", Route::Metrics),
    (Get, "/health", Route::Health),
    (Get, "/api/health", Route::Health),
    (Get, "/api/health/ready", Route::Ready),
    (Get, "/api/config", Route::Config),
    (Post, "/api/sandbox", Route::CreateSandbox),
    (Get, "/api/sandbox", Route::ListSandboxes),
    (Get, "/api/sandbox/paginated", Route::PaginateSandboxes),
    (Get, "/api/sandbox/{sandbox}", Route::GetSandbox),
    (Delete, "/api/sandbox/{sandbox}", Route::DeleteSandbox),
    (Post, "/api/sandbox/{sandbox}/start", Route::StartSandbox),
    (Post, "/api/sandbox/{sandbox}/stop", Route::StopSandbox),
    (Post, "/api/sandbox/{sandbox}/recover", Route::RecoverSandbox),
    (Put, "/api/sandbox/{sandbox}/labels", Route::SetLabels),
    (Post, "/api/sandbox/{sandbox}/public/{value}", Route::SetPublic),
    (Post, "/api/sandbox/{sandbox}/autostop/{value}", Route::SetAutoStop),
    (
        Post,
        "/api/sandbox/{sandbox}/autoarchive/{value}",
        Route::SetAutoArchive,
    ),
    (Post, "/api/sandbox/{sandbox}/autodelete/{value}", Route::SetAutoDelete),
    (Post, "/api/sandbox/{sandbox}/last-activity", Route::TouchSandbox),
    (Get, "/api/sandbox/{sandbox}/toolbox-proxy-url", Route::ToolboxProxyUrl),
    (Get, "/api/shared-regions", Route::SharedRegions),
    (Get, "/api/regions", Route::ListRegions),
    (Post, "/api/regions", Route::CreateRegion),
    (Get, "/api/regions/{region}", Route::GetRegion),
    (Delete, "/api/regions/{region}", Route::DeleteRegion),
    (Get, "/api/runners", Route::ListRunners),
    (Post, "/api/runners", Route::CreateRunner),
    (Get, "/api/runners/me", Route::OwnRunner),
    (Get, "/api/runners/me/sandboxes", Route::OwnSandboxes),
    (Post, "/api/runners/healthcheck", Route::Healthcheck),
    (Post, "/api/runners/report", Route::Report),
    (Get, "/api/runners/{runner}", Route::GetRunner),
    (Delete, "/api/runners/{runner}", Route::DeleteRunner),
    (Patch, "/api/runners/{runner}/scheduling", Route::SetScheduling),
    (Patch, "/api/runners/{runner}/draining", Route::SetDraining),
    (Get, "/api/jobs/poll", Route::PollJobs),
    (Post, "/api/jobs/{job}/status", Route::EndJob),
    (Get, "/api/internal/access/{sandbox}", Route::Access),
    (Get, "/api/internal/identity", Route::Identity),
    (Get, "/api/internal/changes", Route::Changes),
    (Post, "/api/internal/activity/{sandbox}", Route::Activity),
];

/// The segments in braces, decoded, in order. No pattern has more than two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<String>);

impl Params {
    /// The segment at this position; empty if the pattern has none there.
    pub fn at(&self, position: usize) -> &str {
        self.0.get(position).map_or("", String::as_str)
    }
}

/// A route that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub route: Route,
    /// Its pattern: the label of metrics, since paths are without number.
    pub pattern: &'static str,
    /// What stands in the braces.
    pub params: Params,
}

/// Finds the route of a call: 404 if no pattern fits the path, 405 if only the method is wrong.
pub fn find(method: Method, path: &str) -> Result<Found, Problem> {
    let mut others = Vec::new();
    for (wanted, pattern, route) in TABLE {
        let Some(params) = fit(pattern, path) else { continue };
        if *wanted == method {
            return Ok(Found {
                route: *route,
                pattern,
                params,
            });
        }
        others.push(wanted.name());
    }
    if others.is_empty() {
        return Err(Problem::NotFound(format!("Cannot {} {path}", method.name())));
    }
    Err(Problem::MethodNotAllowed(format!(
        "{path} knows only {}",
        others.join(", ")
    )))
}

fn fit(pattern: &str, path: &str) -> Option<Params> {
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            if text.is_empty() {
                return None;
            }
            params.push(text.into_owned());
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(Params(params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, path: &str) -> Result<Route, u16> {
        find(method, path)
            .map(|found| found.route)
            .map_err(|problem| problem.status())
    }

    #[test]
    fn every_row_of_the_table_can_be_reached() {
        for (method, pattern, wanted) in TABLE {
            let path = pattern.replace(['{', '}'], "~");
            assert_eq!(route(*method, &path), Ok(*wanted), "{pattern}");
            assert_eq!(route(*method, &format!("{path}/")), Ok(*wanted), "{pattern}/");
        }
    }

    #[test]
    fn fixed_words_come_before_names() {
        assert_eq!(route(Get, "/api/sandbox/paginated"), Ok(Route::PaginateSandboxes));
        assert_eq!(route(Get, "/api/sandbox/paginated2"), Ok(Route::GetSandbox));
        assert_eq!(route(Get, "/api/runners/me"), Ok(Route::OwnRunner));
        assert_eq!(route(Get, "/api/runners/healthcheck"), Ok(Route::GetRunner));
    }

    #[test]
    fn wrong_paths_are_404_and_wrong_methods_405() {
        for path in [
            "",
            "/",
            "/api",
            "/api/",
            "/api/nothing",
            "/api/sandbox/a/b/c",
            "/api//sandbox",
            "/api/sandbox/%ff",
        ] {
            assert_eq!(route(Get, path), Err(404), "{path}");
        }
        assert_eq!(route(Put, "/api/sandbox"), Err(405));
        assert_eq!(route(Method::Other, "/api/config"), Err(405));
        assert_eq!(route(Post, "/api/sandbox/x/labels"), Err(405));
    }

    #[test]
    fn names_in_paths_are_decoded() {
        let found = find(Get, "/api/sandbox/my%20box%2F1").expect("a route");
        assert_eq!((found.params.at(0), found.params.at(1)), ("my box/1", ""));
        assert_eq!(found.pattern, "/api/sandbox/{sandbox}");
        let found = find(Post, "/api/sandbox/x/autostop/15").expect("a route");
        assert_eq!((found.params.at(0), found.params.at(1)), ("x", "15"));
    }
}
