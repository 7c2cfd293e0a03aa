//! `git init`

use crate::args::Args;
use crate::context;
use crate::failure::Failure;
use git2::{Repository, RepositoryInitOptions};
use std::path::Path;

/// The branch that a new repository begins with, unless the settings name another.
const FIRST_BRANCH: &str = "main";

/// Makes a repository.
///
/// # Errors
/// The directory cannot be made or written.
pub fn make(directory: &Path, bare: bool, branch: Option<&str>) -> Result<Repository, Failure> {
    let configured = context::settings()
        .ok()
        .and_then(|settings| settings.get_string("init.defaultBranch").ok());
    let mut options = RepositoryInitOptions::new();
    options
        .bare(bare)
        .mkpath(true)
        .external_template(false)
        .initial_head(branch.or(configured.as_deref()).unwrap_or(FIRST_BRANCH));
    Ok(Repository::init_opts(directory, &options)?)
}

/// The command.
pub fn init(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "bare",
            "quiet|q",
            "initial-branch|b=",
            "shared=?",
            "template=",
            "object-format=",
        ],
    )?;
    let directory = args.words.first().map_or(".", String::as_str);
    let existed = Repository::open(directory).is_ok();
    let repository = make(Path::new(directory), args.has("bare"), args.value("initial-branch"))?;
    if !args.has("quiet") {
        crate::say!(
            "{} Git repository in {}",
            if existed {
                "Reinitialized existing"
            } else {
                "Initialized empty"
            },
            repository.path().display()
        );
    }
    Ok(0)
}
