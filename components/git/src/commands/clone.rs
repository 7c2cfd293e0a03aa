//! `git clone`

use crate::args::Args;
use crate::failure::{Failure, Kind};
use crate::{context, remotes};
use std::path::Path;

/// The command.
pub fn clone(arguments: Vec<String>) -> Result<i32, Failure> {
    let args = Args::parse(
        arguments,
        &[
            "bare",
            "branch|b=",
            "depth=",
            "quiet|q",
            "single-branch",
            "no-single-branch",
            "no-checkout|n",
            "no-tags",
            "progress",
            "verbose|v",
            "local|l",
            "recurse-submodules|recursive",
            "origin|o=",
        ],
    )?;
    let words = args.all();
    let Some(url) = words.first() else {
        return Err(Failure::fatal(Kind::Invalid, "You must specify a repository to clone."));
    };
    if args.value("origin").is_some_and(|name| name != "origin") {
        return Err(Failure::fatal(
            Kind::Invalid,
            "--origin is not supported here; use `git remote add`",
        ));
    }
    let bare = args.has("bare");
    let named = words.get(1).cloned().unwrap_or_else(|| directory_of(url, bare));
    let depth = args
        .number("depth")?
        .map(|depth| {
            i32::try_from(depth)
                .ok()
                .filter(|depth| *depth > 0)
                .ok_or_else(|| Failure::fatal(Kind::Invalid, format!("depth {depth} is not a positive number")))
        })
        .transpose()?;
    let url = remotes::address(url)?;
    remotes::check_free(Path::new(&named))?;
    if !args.has("quiet") {
        crate::note!(
            "Cloning into {}'{named}'...",
            if bare { "bare repository " } else { "" }
        );
    }
    let branch = args.value("branch");
    let single = args.has("single-branch") || (depth.is_some() && !args.has("no-single-branch"));
    let repository = remotes::clone(&remotes::Clone {
        url: &url,
        directory: Path::new(&named),
        branch,
        depth,
        bare,
        single,
        no_checkout: args.has("no-checkout"),
    })?;
    if !args.has("quiet") {
        if context::head(&repository).is_none() {
            crate::note!("warning: You appear to have cloned an empty repository.");
        }
        if url.starts_with('/') {
            crate::note!("done.");
        }
    }
    Ok(0)
}

/// The directory that git would choose for an address.
fn directory_of(url: &str, bare: bool) -> String {
    let path = url.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path);
    let name = path.rsplit(['/', ':']).next().unwrap_or(path);
    let name = name.strip_suffix(".git").unwrap_or(name);
    if bare { format!("{name}.git") } else { name.to_owned() }
}
