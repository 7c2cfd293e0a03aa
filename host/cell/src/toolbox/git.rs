//! `/git/*`: each call is one run of the git program in the sandbox. Repositories are hostile input, and nothing of them
//! is read out here.

use super::git_run::{Done, Request, run};
use crate::call::{Call, Json, Parameters};
use crate::error::ApiError;
use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// All routes of git.
pub fn router() -> Router<Arc<crate::table::Table>> {
    Router::new()
        .route("/git/clone", post(clone))
        .route("/git/status", get(status))
        .route("/git/branches", get(branches).post(create_branch).delete(delete_branch))
        .route("/git/checkout", post(checkout))
        .route("/git/add", post(add))
        .route("/git/commit", post(commit))
        .route("/git/push", post(push))
        .route("/git/pull", post(pull))
        .route("/git/history", get(history))
        .route("/git/init", post(init))
        .route("/git/reset", post(reset))
        .route("/git/restore", post(restore))
        .route("/git/remotes", get(remotes).post(add_remote))
        .route("/git/config", get(config).post(set_config))
        .route("/git/config/user", post(set_user))
        .route("/git/credentials", post(credentials))
}

type Answer = Result<axum::Json<Value>, ApiError>;

/// `?path=`
#[derive(Deserialize)]
struct At {
    path: String,
}

/// A path of the sandbox, as a value.
fn at(call: &Call, path: &str) -> Result<Value, ApiError> {
    if path.is_empty() {
        return Err(ApiError::bad_request("path is empty"));
    }
    Ok(call.path(path)?.into())
}

fn filled(name: &str, value: &str) -> Result<(), ApiError> {
    if value.trim().is_empty() {
        return Err(ApiError::bad_request(format!("{name} is blank")));
    }
    // A name that begins so would be taken for an option by every other git.
    if name != "message" && value.starts_with('-') {
        return Err(ApiError::bad_request(format!("{name} {value:?} begins with a dash")));
    }
    Ok(())
}

#[derive(Deserialize)]
struct CloneBody {
    url: String,
    path: String,
    branch: Option<String>,
    commit_id: Option<String>,
    username: Option<String>,
    password: Option<String>,
    depth: Option<i32>,
    #[serde(default)]
    insecure_skip_tls: bool,
}

async fn clone(call: Call, Json(body): Json<CloneBody>) -> Result<(), ApiError> {
    filled("url", &body.url)?;
    if body.depth.is_some_and(|depth| depth < 0) {
        return Err(ApiError::bad_request("depth is negative"));
    }
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let request = Request::new("clone")
        .with("path", at(&call, &body.path)?)
        .with("url", body.url)
        .with("branch", given(body.branch))
        .with("commit", given(body.commit_id))
        .with("depth", body.depth.filter(|depth| *depth > 0))
        .with("insecure", body.insecure_skip_tls)
        .by(body.username, body.password);
    run(&call, request).await.map(Done::nothing)
}

async fn status(call: Call, Parameters(query): Parameters<At>) -> Answer {
    let request = Request::new("status").with("path", at(&call, &query.path)?);
    run(&call, request).await.map(Done::json)
}

async fn branches(call: Call, Parameters(query): Parameters<At>) -> Answer {
    let request = Request::new("branches").with("path", at(&call, &query.path)?);
    run(&call, request).await.map(Done::json)
}

#[derive(Deserialize)]
struct BranchBody {
    path: String,
    name: String,
}

async fn create_branch(call: Call, Json(body): Json<BranchBody>) -> Result<StatusCode, ApiError> {
    filled("name", &body.name)?;
    let request = Request::new("create-branch")
        .with("path", at(&call, &body.path)?)
        .with("name", body.name);
    run(&call, request).await.map(|_| StatusCode::CREATED)
}

async fn delete_branch(call: Call, Json(body): Json<BranchBody>) -> Result<StatusCode, ApiError> {
    filled("name", &body.name)?;
    let request = Request::new("delete-branch")
        .with("path", at(&call, &body.path)?)
        .with("name", body.name);
    run(&call, request).await.map(|_| StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct CheckoutBody {
    path: String,
    branch: String,
}

async fn checkout(call: Call, Json(body): Json<CheckoutBody>) -> Result<(), ApiError> {
    filled("branch", &body.branch)?;
    let request = Request::new("checkout")
        .with("path", at(&call, &body.path)?)
        .with("branch", body.branch);
    run(&call, request).await.map(Done::nothing)
}

#[derive(Deserialize)]
struct AddBody {
    path: String,
    files: Vec<String>,
}

async fn add(call: Call, Json(body): Json<AddBody>) -> Result<(), ApiError> {
    if body.files.is_empty() {
        return Err(ApiError::bad_request("files is empty; [\".\"] means everything"));
    }
    let request = Request::new("add")
        .with("path", at(&call, &body.path)?)
        .with("files", body.files);
    run(&call, request).await.map(Done::nothing)
}

#[derive(Deserialize)]
struct CommitBody {
    path: String,
    message: String,
    author: String,
    email: String,
    #[serde(default)]
    allow_empty: bool,
}

async fn commit(call: Call, Json(body): Json<CommitBody>) -> Answer {
    for (name, value) in [
        ("message", &body.message),
        ("author", &body.author),
        ("email", &body.email),
    ] {
        filled(name, value)?;
    }
    let request = Request::new("commit")
        .with("path", at(&call, &body.path)?)
        .with("message", body.message)
        .with("author", body.author)
        .with("email", body.email)
        .with("allow_empty", body.allow_empty);
    run(&call, request).await.map(Done::json)
}

#[derive(Deserialize)]
struct TransferBody {
    path: String,
    username: Option<String>,
    password: Option<String>,
    remote: Option<String>,
    branch: Option<String>,
    #[serde(default)]
    set_upstream: bool,
}

async fn transfer(call: &Call, operation: &'static str, body: TransferBody) -> Result<(), ApiError> {
    for (name, value) in [("remote", &body.remote), ("branch", &body.branch)] {
        if let Some(value) = value {
            filled(name, value)?;
        }
    }
    let request = Request::new(operation)
        .with("path", at(call, &body.path)?)
        .with("remote", body.remote)
        .with("branch", body.branch)
        .with("set_upstream", body.set_upstream)
        .by(body.username, body.password);
    run(call, request).await.map(Done::nothing)
}

async fn push(call: Call, Json(body): Json<TransferBody>) -> Result<(), ApiError> {
    transfer(&call, "push", body).await
}

async fn pull(call: Call, Json(body): Json<TransferBody>) -> Result<(), ApiError> {
    transfer(&call, "pull", body).await
}

async fn history(call: Call, Parameters(query): Parameters<At>) -> Answer {
    let request = Request::new("history").with("path", at(&call, &query.path)?);
    run(&call, request).await.map(Done::json)
}

#[derive(Deserialize)]
struct InitBody {
    path: String,
    #[serde(default)]
    bare: bool,
    initial_branch: Option<String>,
}

async fn init(call: Call, Json(body): Json<InitBody>) -> Result<StatusCode, ApiError> {
    let request = Request::new("init")
        .with("path", at(&call, &body.path)?)
        .with("bare", body.bare)
        .with("branch", body.initial_branch.filter(|branch| !branch.is_empty()));
    run(&call, request).await.map(|_| StatusCode::CREATED)
}

#[derive(Deserialize)]
struct ResetBody {
    path: String,
    mode: Option<String>,
    target: Option<String>,
    files: Option<Vec<String>>,
}

async fn reset(call: Call, Json(body): Json<ResetBody>) -> Result<(), ApiError> {
    let request = Request::new("reset")
        .with("path", at(&call, &body.path)?)
        .with("mode", body.mode)
        .with("target", body.target.filter(|target| !target.is_empty()))
        .with("files", body.files.unwrap_or_default());
    run(&call, request).await.map(Done::nothing)
}

#[derive(Deserialize)]
struct RestoreBody {
    path: String,
    files: Vec<String>,
    staged: Option<bool>,
    worktree: Option<bool>,
    source: Option<String>,
}

async fn restore(call: Call, Json(body): Json<RestoreBody>) -> Result<(), ApiError> {
    if body.files.is_empty() {
        return Err(ApiError::bad_request("files is empty; [\".\"] means everything"));
    }
    let request = Request::new("restore")
        .with("path", at(&call, &body.path)?)
        .with("files", body.files)
        .with("staged", body.staged)
        .with("worktree", body.worktree)
        .with("source", body.source.filter(|source| !source.is_empty()));
    run(&call, request).await.map(Done::nothing)
}

async fn remotes(call: Call, Parameters(query): Parameters<At>) -> Answer {
    let request = Request::new("remotes").with("path", at(&call, &query.path)?);
    run(&call, request).await.map(Done::json)
}

#[derive(Deserialize)]
struct RemoteBody {
    path: String,
    name: String,
    url: String,
    #[serde(default)]
    fetch: bool,
    #[serde(default)]
    overwrite: bool,
}

async fn add_remote(call: Call, Json(body): Json<RemoteBody>) -> Result<StatusCode, ApiError> {
    filled("name", &body.name)?;
    filled("url", &body.url)?;
    let request = Request::new("add-remote")
        .with("path", at(&call, &body.path)?)
        .with("name", body.name)
        .with("url", body.url)
        .with("fetch", body.fetch)
        .with("overwrite", body.overwrite);
    run(&call, request).await.map(|_| StatusCode::CREATED)
}

/// Where a setting is kept: of the repository at `path`, of the user, of the system.
#[derive(Deserialize)]
struct Kept {
    path: Option<String>,
    scope: Option<String>,
}

impl Kept {
    fn into(self, call: &Call, request: Request) -> Result<Request, ApiError> {
        let path = match self.path.filter(|path| !path.is_empty()) {
            Some(path) => at(call, &path)?,
            None => Value::Null,
        };
        Ok(request
            .with("path", path)
            .with("scope", self.scope.filter(|scope| !scope.is_empty())))
    }
}

#[derive(Deserialize)]
struct ConfigQuery {
    key: String,
    path: Option<String>,
    scope: Option<String>,
}

async fn config(call: Call, Parameters(query): Parameters<ConfigQuery>) -> Answer {
    let kept = Kept {
        path: query.path,
        scope: query.scope,
    };
    let request = kept.into(&call, Request::new("get-config").with("key", query.key))?;
    run(&call, request).await.map(Done::json)
}

#[derive(Deserialize)]
struct ConfigBody {
    key: String,
    value: String,
    path: Option<String>,
    scope: Option<String>,
}

async fn set_config(call: Call, Json(body): Json<ConfigBody>) -> Result<(), ApiError> {
    let kept = Kept {
        path: body.path,
        scope: body.scope,
    };
    let values = json!([[body.key, body.value]]);
    let request = kept.into(&call, Request::new("set-config").with("values", values))?;
    run(&call, request).await.map(Done::nothing)
}

#[derive(Deserialize)]
struct UserBody {
    name: String,
    email: String,
    path: Option<String>,
    scope: Option<String>,
}

async fn set_user(call: Call, Json(body): Json<UserBody>) -> Result<(), ApiError> {
    filled("name", &body.name)?;
    filled("email", &body.email)?;
    let kept = Kept {
        path: body.path,
        scope: body.scope,
    };
    let values = json!([["user.name", body.name], ["user.email", body.email]]);
    let request = kept.into(&call, Request::new("set-config").with("values", values))?;
    run(&call, request).await.map(Done::nothing)
}

/// The host whose credentials are meant if none is named, as the API has it.
const USUAL_HOST: &str = "github.com";

#[derive(Deserialize)]
struct CredentialsBody {
    username: String,
    password: String,
    host: Option<String>,
    protocol: Option<String>,
}

async fn credentials(call: Call, Json(body): Json<CredentialsBody>) -> Result<(), ApiError> {
    filled("username", &body.username)?;
    let host = body
        .host
        .filter(|host| !host.is_empty())
        .unwrap_or_else(|| USUAL_HOST.into());
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    if !host.bytes().all(is_host) {
        return Err(ApiError::bad_request(format!("host {host:?} is no name of a host")));
    }
    let protocol = body
        .protocol
        .filter(|protocol| !protocol.is_empty())
        .unwrap_or_else(|| "https".into());
    if protocol != "https" && protocol != "http" {
        return Err(ApiError::bad_request(format!(
            "protocol {protocol:?} is not http or https"
        )));
    }
    let request = Request::new("store")
        .with("host", host)
        .with("protocol", protocol)
        .by(Some(body.username), Some(body.password));
    run(&call, request).await.map(Done::nothing)
}

/// Fields of a request, for [`Request`].
pub(super) type Fields = Map<String, Value>;
