//! What the toolbox asks: one request in JSON on standard input (credentials are in it, and so on no command line), one
//! answer in JSON as the last line of standard output.

use crate::commands::{add, branch, checkout, commit, config, init, log, merge, pull, push, remote, reset, status};
use crate::credentials::{self, Credentials};
use crate::failure::{Failure, Kind};
use crate::{context, out, pretty, remotes, transport};
use git2::{BranchType, Config, Repository, Signature, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;

/// A request may have this many bytes: a list of paths, a message.
const MOST_REQUEST: u64 = 8 << 20;
/// Commits told of a history.
const MOST_HISTORY: usize = 1000;

#[derive(Deserialize)]
struct Request {
    username: Option<String>,
    password: Option<String>,
    #[serde(flatten)]
    operation: Operation,
}

#[derive(Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case")]
enum Operation {
    Clone {
        url: String,
        path: String,
        branch: Option<String>,
        commit: Option<String>,
        depth: Option<i32>,
        #[serde(default)]
        insecure: bool,
    },
    Status {
        path: String,
    },
    Branches {
        path: String,
    },
    CreateBranch {
        path: String,
        name: String,
    },
    DeleteBranch {
        path: String,
        name: String,
    },
    Checkout {
        path: String,
        branch: String,
    },
    Add {
        path: String,
        files: Vec<String>,
    },
    Commit {
        path: String,
        message: String,
        author: String,
        email: String,
        #[serde(default)]
        allow_empty: bool,
    },
    Push {
        path: String,
        remote: Option<String>,
        branch: Option<String>,
        #[serde(default)]
        set_upstream: bool,
    },
    Pull {
        path: String,
        remote: Option<String>,
        branch: Option<String>,
    },
    History {
        path: String,
    },
    Init {
        path: String,
        #[serde(default)]
        bare: bool,
        branch: Option<String>,
    },
    Reset {
        path: String,
        mode: Option<String>,
        target: Option<String>,
        #[serde(default)]
        files: Vec<String>,
    },
    Restore {
        path: String,
        files: Vec<String>,
        staged: Option<bool>,
        worktree: Option<bool>,
        source: Option<String>,
    },
    Remotes {
        path: String,
    },
    AddRemote {
        path: String,
        name: String,
        url: String,
        #[serde(default)]
        fetch: bool,
        #[serde(default)]
        overwrite: bool,
    },
    GetConfig {
        path: Option<String>,
        key: String,
        scope: Option<String>,
    },
    SetConfig {
        path: Option<String>,
        values: Vec<(String, String)>,
        scope: Option<String>,
    },
    Store {
        host: String,
        protocol: String,
    },
}

/// Answers one request.
///
/// # Errors
/// Standard input holds none.
pub fn run() -> Result<i32, Failure> {
    let mut text = Vec::new();
    std::io::stdin().take(MOST_REQUEST).read_to_end(&mut text)?;
    let request: Request = serde_json::from_slice(&text)
        .map_err(|error| Failure::fatal(Kind::Invalid, format!("the request is not understood: {error}")))?;
    let given = match (request.username, request.password) {
        (None, None) => None,
        (username, password) => Some(Credentials {
            username: username.unwrap_or_default(),
            password: password.unwrap_or_default(),
        }),
    };
    let answer = match answer(request.operation, given) {
        Ok(value) => json!({ "ok": value }),
        Err(failure) => json!({ "error": { "kind": failure.kind, "message": failure.words() } }),
    };
    out::line("");
    out::line(&answer.to_string());
    Ok(0)
}

/// The repository at a directory, or above it.
fn open(path: &str) -> Result<Repository, Failure> {
    let none = || Failure::fatal(Kind::NoRepository, format!("there is no git repository at {path}"));
    std::env::set_current_dir(path).map_err(|_| none())?;
    context::repository().map_err(|failure| {
        if failure.kind == Kind::NoRepository {
            none()
        } else {
            failure
        }
    })
}

fn answer(operation: Operation, given: Option<Credentials>) -> Result<Value, Failure> {
    if let Operation::Store { host, protocol } = &operation {
        let credentials = given.ok_or_else(|| Failure::fatal(Kind::Invalid, "username and password are missing"))?;
        credentials::store(protocol, host, &credentials)?;
        config::of(config::Scope::Global)?.set_str("credential.helper", "store")?;
        return Ok(Value::Null);
    }
    if let Some(given) = given {
        credentials::give(given);
    }
    match operation {
        Operation::Clone {
            url,
            path,
            branch,
            commit,
            depth,
            insecure,
        } => {
            if insecure {
                transport::trust_anybody();
            }
            clone(&url, &path, branch.as_deref(), commit.as_deref(), depth)
        }
        Operation::Status { path } => tell_status(&open(&path)?),
        Operation::Branches { path } => {
            let repository = open(&path)?;
            Ok(json!({
                "branches": branch::names(&repository, BranchType::Local)?,
                "current": context::branch(&repository).unwrap_or_default(),
            }))
        }
        Operation::CreateBranch { path, name } => {
            branch::create(&open(&path)?, &name, "HEAD", false)?;
            Ok(Value::Null)
        }
        Operation::DeleteBranch { path, name } => {
            branch::delete(&open(&path)?, &name, true)?;
            Ok(Value::Null)
        }
        Operation::Checkout { path, branch } => {
            checkout::switch_to(&open(&path)?, &branch, false, false)?;
            Ok(Value::Null)
        }
        Operation::Add { path, files } => {
            let repository = open(&path)?;
            let files = context::all_in_tree(&repository, &files)?;
            add::stage(&repository, &files, false, false)?;
            Ok(Value::Null)
        }
        Operation::Commit {
            path,
            message,
            author,
            email,
            allow_empty,
        } => {
            let repository = open(&path)?;
            let who = Signature::now(&author, &email)
                .map_err(|_| Failure::fatal(Kind::Invalid, "author and email must not be empty, nor hold < or >"))?;
            let id = commit::create(
                &repository,
                &commit::Order {
                    message: &message,
                    author: who.clone(),
                    committer: who,
                    allow_empty,
                    tree: None,
                    amend: false,
                },
            )?;
            Ok(json!({ "hash": id.to_string() }))
        }
        Operation::Push {
            path,
            remote,
            branch,
            set_upstream,
        } => do_push(&open(&path)?, remote, branch, set_upstream),
        Operation::Pull { path, remote, branch } => do_pull(&open(&path)?, remote, branch),
        Operation::History { path } => history(&open(&path)?),
        Operation::Init { path, bare, branch } => {
            if Repository::open(&path).is_ok_and(|found| found.is_bare() != bare) {
                return Err(Failure::fatal(
                    Kind::Exists,
                    format!("there is another repository at {path}"),
                ));
            }
            init::make(Path::new(&path), bare, branch.as_deref())?;
            Ok(Value::Null)
        }
        Operation::Reset {
            path,
            mode,
            target,
            files,
        } => {
            let repository = open(&path)?;
            let target = target.as_deref().unwrap_or("HEAD");
            if files.is_empty() {
                reset::to(&repository, target, mode.as_deref().unwrap_or_default())?;
            } else {
                if mode.as_deref().is_some_and(|mode| !mode.is_empty() && mode != "mixed") {
                    return Err(Failure::fatal(
                        Kind::Invalid,
                        "files can only be reset in the mode mixed",
                    ));
                }
                reset::paths(&repository, target, &context::all_in_tree(&repository, &files)?)?;
            }
            Ok(Value::Null)
        }
        Operation::Restore {
            path,
            files,
            staged,
            worktree,
            source,
        } => {
            let repository = open(&path)?;
            let files = context::all_in_tree(&repository, &files)?;
            let staged = staged.unwrap_or(false);
            let worktree = worktree.unwrap_or(!staged);
            checkout::put_back(&repository, source.as_deref(), &files, staged, worktree)?;
            Ok(Value::Null)
        }
        Operation::Remotes { path } => {
            let rows: Vec<Value> = remote::list(&open(&path)?)?
                .into_iter()
                .map(|(name, url)| json!({ "name": name, "url": url }))
                .collect();
            Ok(json!({ "remotes": rows }))
        }
        Operation::AddRemote {
            path,
            name,
            url,
            fetch,
            overwrite,
        } => {
            let repository = open(&path)?;
            remote::add(&repository, &name, &url, overwrite)?;
            if fetch {
                remotes::fetch(&repository, &name, &[], &remotes::Fetch::default())?;
            }
            Ok(Value::Null)
        }
        Operation::GetConfig { path, key, scope } => {
            config::check_key(&key)?;
            let config = settings(path.as_deref(), scope.as_deref(), false)?;
            match config.get_string(&key) {
                Ok(value) => Ok(json!({ "value": value })),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(json!({})),
                Err(error) => Err(error.into()),
            }
        }
        Operation::SetConfig { path, values, scope } => {
            let mut config = settings(path.as_deref(), scope.as_deref(), true)?;
            for (key, value) in values {
                config::check_key(&key)?;
                config.set_str(&key, &value)?;
            }
            Ok(Value::Null)
        }
        Operation::Store { .. } => Ok(Value::Null),
    }
}

fn clone(
    url: &str,
    path: &str,
    branch: Option<&str>,
    commit: Option<&str>,
    depth: Option<i32>,
) -> Result<Value, Failure> {
    let is_path = url.starts_with('/') || url.starts_with("./") || url.starts_with("../");
    let address = if url.contains("://") || is_path {
        url.to_owned()
    } else {
        format!("https://{url}")
    };
    let repository = remotes::clone(&remotes::Clone {
        url: &address,
        directory: Path::new(path),
        branch,
        depth,
        bare: false,
        single: branch.is_some(),
        no_checkout: false,
    })?;
    if let Some(commit) = commit {
        checkout::switch_to(&repository, commit, false, true).map_err(|failure| match failure.kind {
            Kind::NoReference => Failure::fatal(
                Kind::NoReference,
                format!("the repository has been cloned, but {commit} is no commit in it"),
            ),
            _ => failure,
        })?;
    }
    Ok(Value::Null)
}

/// What the API calls a letter of `git status --short`.
fn state(letter: char) -> &'static str {
    match letter {
        '?' => "Untracked",
        'M' | 'T' => "Modified",
        'A' => "Added",
        'D' => "Deleted",
        'R' => "Renamed",
        'C' => "Copied",
        'U' => "Updated but unmerged",
        _ => "Unmodified",
    }
}

fn tell_status(repository: &Repository) -> Result<Value, Failure> {
    context::work_tree(repository)?;
    let files: Vec<Value> = status::collect(repository, status::Untracked::All, &[])?
        .into_iter()
        .map(|entry| {
            json!({
                "name": entry.path,
                "extra": entry.from.unwrap_or_default(),
                "staging": state(entry.staged),
                "worktree": state(entry.unstaged),
            })
        })
        .collect();
    let current = context::branch(repository);
    let detached = current.is_none();
    let mut answer = json!({
        "currentBranch": current.unwrap_or_else(|| "HEAD".into()),
        "fileStatus": files,
        "detached": detached,
        "ahead": 0,
        "behind": 0,
        "branchPublished": false,
    });
    if let Some(following) = status::following(repository) {
        answer["upstream"] = following.name.into();
        if let Some((ahead, behind)) = following.apart {
            answer["ahead"] = ahead.into();
            answer["behind"] = behind.into();
            answer["branchPublished"] = true.into();
        }
    }
    Ok(answer)
}

fn do_push(
    repository: &Repository,
    remote: Option<String>,
    branch: Option<String>,
    set_upstream: bool,
) -> Result<Value, Failure> {
    let remote = remote.unwrap_or_else(|| remotes::default_remote(repository));
    let sent = match &branch {
        Some(branch) => remotes::refspec(repository, branch, false)?,
        None => match push::usual(repository, &remote, set_upstream, false) {
            // Clients of the API push a new branch under its own name.
            Err(failure) if failure.kind == Kind::Invalid && context::branch(repository).is_some() => {
                push::usual(repository, &remote, true, false)?
            }
            other => other?,
        },
    };
    let wanted = vec![sent];
    let (url, list) = remotes::push(repository, &remote, wanted.clone())?;
    if let Some(refused) = list.iter().find_map(|sent| sent.refused.as_deref()) {
        let kind = if refused.starts_with("remote: ") {
            Kind::Rejected
        } else {
            Kind::NotFastForward
        };
        return Err(Failure::fatal(
            kind,
            format!("{url} refused {}: {refused}", remotes::shorten(&wanted[0].to)),
        ));
    }
    if set_upstream {
        push::follow(repository, &remote, &wanted, true)?;
    }
    Ok(Value::Null)
}

fn do_pull(repository: &Repository, remote: Option<String>, branch: Option<String>) -> Result<Value, Failure> {
    let how = merge::How {
        quiet: true,
        ..merge::How::default()
    };
    let current = context::branch(repository);
    // Without a branch to follow, the one of the same name is meant.
    let branch = branch.or_else(|| match &current {
        Some(current) if remotes::upstream(repository, current).is_none() => Some(current.clone()),
        _ => None,
    });
    pull::bring(repository, remote.as_deref(), branch.as_deref(), &how).map_err(|failure| {
        if failure.kind == Kind::Conflict && failure.message.is_empty() {
            Failure::fatal(
                Kind::Conflict,
                "both sides changed the same places: the files hold both; mend and commit them, or reset",
            )
        } else {
            failure
        }
    })?;
    Ok(Value::Null)
}

fn history(repository: &Repository) -> Result<Value, Failure> {
    if context::head(repository).is_none() {
        return Ok(json!([]));
    }
    let mut rows = Vec::new();
    for id in log::walk(repository, &[], false)?.take(MOST_HISTORY) {
        let commit = repository.find_commit(id?)?;
        let author = commit.author();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let when: Time = author.when();
        rows.push(json!({
            "hash": commit.id().to_string(),
            "author": text(author.name_bytes()),
            "email": text(author.email_bytes()),
            "message": text(commit.message_bytes()),
            "timestamp": pretty::iso_strict(when),
        }));
    }
    Ok(Value::Array(rows))
}

fn settings(path: Option<&str>, scope: Option<&str>, writing: bool) -> Result<Config, Failure> {
    if let Some(path) = path {
        open(path)?;
    }
    match (scope, path) {
        (Some("local"), None) => Err(Failure::fatal(Kind::Invalid, "the scope local needs a path")),
        (Some("local"), Some(_)) => config::of(config::Scope::Local),
        (Some("global"), _) => config::of(config::Scope::Global),
        (Some("system"), _) => config::of(config::Scope::System),
        (None, Some(_)) if writing => config::of(config::Scope::Local),
        (None, None) if writing => config::of(config::Scope::Global),
        (None, Some(_)) => context::settings(),
        (None, None) => config::of(config::Scope::Global),
        (Some(other), _) => Err(Failure::fatal(
            Kind::Invalid,
            format!("scope {other:?} is unknown; local, global and system are there"),
        )),
    }
}
