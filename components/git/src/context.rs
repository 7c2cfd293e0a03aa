//! What all commands share: global options, the repository, paths as the user means them.

use crate::failure::{Failure, Kind};
use git2::{Commit, Config, ConfigLevel, Object, ObjectType, Repository, Signature};
use std::cell::RefCell;
use std::path::{Component, Path, PathBuf};

thread_local! {
    static GIT_DIR: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    static WORK_TREE: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    /// A file with what `-c` gave.
    static OVERRIDES: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Prepares libgit2.
///
/// # Errors
/// It refuses.
pub fn start() -> Result<(), Failure> {
    // SAFETY: the program has one thread and has opened nothing yet.
    unsafe {
        // Everything in a sandbox belongs to its one user, whatever a file's number says.
        git2::opts::set_verify_owner_validation(false)?;
    }
    Ok(())
}

/// Takes the options before the command's name.
///
/// # Errors
/// One that is unknown, or cannot be followed.
pub fn global_options(arguments: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut rest = arguments.into_iter().peekable();
    while let Some(argument) = rest.peek().cloned() {
        if !argument.starts_with('-') {
            break;
        }
        rest.next();
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument.clone(), None),
        };
        let mut value = || {
            joined
                .clone()
                .or_else(|| rest.next())
                .ok_or_else(|| Failure::usage(format!("no value given for {name}")))
        };
        match name.as_str() {
            "-C" => {
                let directory = value()?;
                std::env::set_current_dir(&directory).map_err(|error| {
                    Failure::fatal(
                        Kind::NoRepository,
                        format!("cannot change to '{directory}': {}", crate::console::reason(&error)),
                    )
                })?;
            }
            "-c" => add_override(&value()?)?,
            "--work-tree" => WORK_TREE.set(Some(PathBuf::from(value()?))),
            "--git-dir" => GIT_DIR.set(Some(PathBuf::from(value()?))),
            "--no-pager" | "-p" | "--paginate" | "--no-optional-locks" | "--literal-pathspecs" => {}
            "--version" | "-v" => return Ok(vec!["version".into()]),
            "--help" | "-h" => return Ok(vec!["help".into()]),
            _ => return Err(Failure::usage(format!("unknown option: {argument}"))),
        }
    }
    Ok(rest.collect())
}

fn add_override(setting: &str) -> Result<(), Failure> {
    let (name, value) = setting.split_once('=').unwrap_or((setting, "true"));
    let path = OVERRIDES.with_borrow_mut(|path| {
        path.get_or_insert_with(|| {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            // `temp_dir` has no answer here.
            let directory = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
            directory.join(format!(".git-settings-{}", now.as_nanos()))
        })
        .clone()
    });
    Config::open(&path)?.set_str(name, value)?;
    Ok(())
}

/// Removes what only this process needed.
pub fn clean_up() {
    if let Some(path) = OVERRIDES.take() {
        let _ = std::fs::remove_file(path);
    }
}

/// The repository that the present directory is in.
///
/// # Errors
/// It is in none.
pub fn repository() -> Result<Repository, Failure> {
    let given = GIT_DIR
        .with_borrow(Clone::clone)
        .or_else(|| std::env::var_os("GIT_DIR").map(PathBuf::from));
    let found = match given {
        Some(directory) => Repository::open(directory),
        None => Repository::discover("."),
    };
    let repository = found.map_err(|error| {
        if error.code() == git2::ErrorCode::NotFound {
            Failure::fatal(
                Kind::NoRepository,
                "not a git repository (or any of the parent directories): .git",
            )
        } else {
            error.into()
        }
    })?;
    apply_overrides(&mut repository.config()?)?;
    let tree = WORK_TREE
        .with_borrow(Clone::clone)
        .or_else(|| std::env::var_os("GIT_WORK_TREE").map(PathBuf::from));
    if let Some(tree) = tree {
        let tree = std::fs::canonicalize(&tree).map_err(|error| {
            Failure::fatal(
                Kind::NoRepository,
                format!("Invalid path '{}': {}", tree.display(), crate::console::reason(&error)),
            )
        })?;
        repository.set_workdir(&tree, false)?;
    }
    Ok(repository)
}

/// Lets what `-c` gave come first.
///
/// # Errors
/// It cannot be read back.
pub fn apply_overrides(config: &mut Config) -> Result<(), Failure> {
    if let Some(path) = OVERRIDES.with_borrow(Clone::clone) {
        config.add_file(&path, ConfigLevel::App, true)?;
    }
    Ok(())
}

/// Settings with no repository needed.
///
/// # Errors
/// They cannot be read.
pub fn settings() -> Result<Config, Failure> {
    let mut config = match repository() {
        Ok(repository) => return Ok(repository.config()?),
        Err(_) => Config::open_default()?,
    };
    apply_overrides(&mut config)?;
    Ok(config)
}

/// The directory with the files.
///
/// # Errors
/// The repository is bare.
pub fn work_tree(repository: &Repository) -> Result<&Path, Failure> {
    repository
        .workdir()
        .ok_or_else(|| Failure::fatal(Kind::Invalid, "this operation must be run in a work tree"))
}

/// The path of what the user names, from the top of the work tree. Empty for the top itself.
///
/// # Errors
/// It is outside.
pub fn in_tree(repository: &Repository, name: &str) -> Result<String, Failure> {
    let tree = std::fs::canonicalize(work_tree(repository)?)?;
    let here = std::env::current_dir()?;
    let joined = here.join(name);
    let mut clean = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    // The directory may be reached by a link.
    let resolved = match clean.parent().map(std::fs::canonicalize) {
        Some(Ok(parent)) if clean != tree => clean.file_name().map_or(parent.clone(), |name| parent.join(name)),
        _ => clean,
    };
    let relative = resolved.strip_prefix(&tree).map_err(|_| {
        Failure::fatal(
            Kind::Invalid,
            format!("{name}: '{name}' is outside repository at '{}'", tree.display()),
        )
    })?;
    Ok(relative.to_string_lossy().into_owned())
}

/// The same for several; `.` at the top, which is all, is left out.
///
/// # Errors
/// One is outside.
pub fn all_in_tree(repository: &Repository, names: &[String]) -> Result<Vec<String>, Failure> {
    names.iter().map(|name| in_tree(repository, name)).collect()
}

/// How the user sees a path of the work tree from where they are.
pub fn from_here(repository: &Repository, path: &str) -> String {
    let Some(tree) = repository.workdir() else {
        return path.into();
    };
    let (Ok(tree), Ok(here)) = (std::fs::canonicalize(tree), std::env::current_dir()) else {
        return path.into();
    };
    let Ok(inside) = here.strip_prefix(&tree) else {
        return path.into();
    };
    let mut ours: Vec<_> = inside.components().collect();
    let target = Path::new(path);
    if path.ends_with('/') && target.components().eq(ours.iter().copied()) {
        return "./".into();
    }
    let mut parts: Vec<_> = target.components().collect();
    while !ours.is_empty() && parts.len() > 1 && ours[0] == parts[0] {
        ours.remove(0);
        parts.remove(0);
    }
    let mut shown = "../".repeat(ours.len());
    shown.push_str(&parts.iter().collect::<PathBuf>().to_string_lossy());
    if path.ends_with('/') && !shown.ends_with('/') {
        shown.push('/');
    }
    shown
}

/// The object that a revision names.
///
/// # Errors
/// None does.
pub fn object<'a>(repository: &'a Repository, name: &str) -> Result<Object<'a>, Failure> {
    let spelled = match name {
        "-" => "@{-1}",
        "@" => "HEAD",
        other => other,
    };
    repository.revparse_single(spelled).map_err(|_| {
        if let Some((revision, path)) = spelled.split_once(':').filter(|(revision, _)| !revision.is_empty())
            && repository.revparse_single(revision).is_ok()
        {
            return Failure::fatal(
                Kind::NoReference,
                format!("path '{path}' does not exist in '{revision}'"),
            );
        }
        Failure::fatal(
            Kind::NoReference,
            format!(
                "ambiguous argument '{name}': unknown revision or path not in the working tree.\n\
                 Use '--' to separate paths from revisions, like this:\n\
                 'git <command> [<revision>...] -- [<file>...]'"
            ),
        )
    })
}

/// The commit that a revision names.
///
/// # Errors
/// None does, or it is something else.
pub fn commit<'a>(repository: &'a Repository, name: &str) -> Result<Commit<'a>, Failure> {
    object(repository, name)?
        .peel(ObjectType::Commit)
        .ok()
        .and_then(|object| object.into_commit().ok())
        .ok_or_else(|| Failure::fatal(Kind::NoReference, format!("'{name}' is not a commit")))
}

/// The commit checked out, if there is one yet.
pub fn head(repository: &Repository) -> Option<Commit<'_>> {
    repository.head().ok()?.peel_to_commit().ok()
}

/// The name of the branch checked out, born or not; none if the head is detached.
pub fn branch(repository: &Repository) -> Option<String> {
    let head = repository.find_reference("HEAD").ok()?;
    let target = head.symbolic_target().ok().flatten()?;
    Some(target.strip_prefix("refs/heads/").unwrap_or(target).to_owned())
}

/// The first letters of a hash that name it.
pub fn short(object: &Object<'_>) -> String {
    object
        .short_id()
        .ok()
        .and_then(|short| short.as_str().ok().map(str::to_owned))
        .unwrap_or_else(|| object.id().to_string()[..7].to_owned())
}

/// Who commits: of the environment, or of the settings.
///
/// # Errors
/// Nobody said who.
pub fn committer(repository: &Repository) -> Result<Signature<'static>, Failure> {
    identity(repository.committer_from_env())
}

/// Whose work it is.
///
/// # Errors
/// Nobody said.
pub fn author(repository: &Repository) -> Result<Signature<'static>, Failure> {
    identity(repository.author_from_env())
}

fn identity(found: Result<Signature<'static>, git2::Error>) -> Result<Signature<'static>, Failure> {
    found.map_err(|_| Failure {
        kind: Kind::Invalid,
        message: "Author identity unknown\n\n*** Please tell me who you are.\n\nRun\n\n  \
                  git config --global user.email \"you@example.com\"\n  \
                  git config --global user.name \"Your Name\"\n\n\
                  to set your account's default identity.\n\
                  Omit --global to set the identity only in this repository.\n\n\
                  fatal: unable to auto-detect email address"
            .into(),
        code: 128,
    })
}
