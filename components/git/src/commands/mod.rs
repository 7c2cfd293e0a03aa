//! The commands, each with git's options, words and exit codes.

pub mod add;
pub mod branch;
pub mod checkout;
mod clone;
pub mod commit;
pub mod config;
pub mod diff;
pub mod fetch;
pub mod init;
pub mod log;
pub mod merge;
mod plumbing;
pub mod pull;
pub mod push;
pub mod remote;
mod remove;
pub mod reset;
mod revparse;
mod stash;
pub mod status;
mod tag;

use crate::failure::{Failure, Kind};
use crate::out;

/// What `git` alone says.
pub const USAGE: &str = "\
usage: git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>] [--git-dir=<path>] <command> [<args>]

These are the commands of this sandbox's git:

start a working area
   clone      Clone a repository into a new directory
   init       Create an empty Git repository or reinitialize an existing one

work on the current change
   add        Add file contents to the index
   mv         Move or rename a file or a directory
   restore    Restore working tree files
   rm         Remove files from the working tree and from the index

examine the history and state
   diff       Show changes between commits, commit and working tree, etc
   log        Show commit logs
   show       Show various types of objects
   status     Show the working tree status

grow, mark and tweak your common history
   branch     List, create, or delete branches
   checkout   Switch branches or restore working tree files
   commit     Record changes to the repository
   merge      Join two or more development histories together
   reset      Reset current HEAD to the specified state
   stash      Stash the changes in a dirty working directory away
   switch     Switch branches
   tag        Create, list or delete a tag object

collaborate
   fetch      Download objects and refs from another repository
   pull       Fetch from and integrate with another repository
   push       Update remote refs along with associated objects
   remote     Manage set of tracked repositories

and config, rev-parse, rev-list, ls-files, ls-tree, ls-remote, cat-file, hash-object,
merge-base, symbolic-ref, show-ref, check-ignore.";

/// Which git this behaves as; programs compare it.
const VERSION: &str = "git version 2.47.0 (sandbar, libgit2)";

/// Runs a command.
///
/// # Errors
/// What the command fails with.
pub fn dispatch(name: &str, arguments: Vec<String>) -> Result<i32, Failure> {
    match name {
        "add" | "stage" => add::add(arguments),
        "api" => crate::api::run(),
        "branch" => branch::branch(arguments),
        "cat-file" => plumbing::cat_file(arguments),
        "check-ignore" => plumbing::check_ignore(arguments),
        "checkout" => checkout::checkout(arguments),
        "clone" => clone::clone(arguments),
        "commit" => commit::commit(arguments),
        "config" => config::config(arguments),
        "diff" => diff::diff(arguments),
        "fetch" => fetch::fetch(arguments),
        "hash-object" => plumbing::hash_object(arguments),
        "help" => {
            out::line(USAGE);
            Ok(0)
        }
        "init" => init::init(arguments),
        "log" => log::log(arguments),
        "ls-files" => plumbing::ls_files(arguments),
        "ls-remote" => plumbing::ls_remote(arguments),
        "ls-tree" => plumbing::ls_tree(arguments),
        "merge" => merge::merge(arguments),
        "merge-base" => revparse::merge_base(arguments),
        "mv" => remove::mv(arguments),
        "pull" => pull::pull(arguments),
        "push" => push::push(arguments),
        "remote" => remote::remote(arguments),
        "reset" => reset::reset(arguments),
        "restore" => checkout::restore(arguments),
        "rev-list" => revparse::rev_list(arguments),
        "rev-parse" => revparse::rev_parse(arguments),
        "rm" => remove::rm(arguments),
        "show" => log::show(arguments),
        "show-ref" => revparse::show_ref(arguments),
        "stash" => stash::stash(arguments),
        "status" => status::status(arguments),
        "switch" => checkout::switch(arguments),
        "symbolic-ref" => revparse::symbolic_ref(arguments),
        "tag" => tag::tag(arguments),
        "version" => {
            out::line(VERSION);
            Ok(0)
        }
        _ => Err(Failure {
            kind: Kind::Invalid,
            message: format!("git: '{name}' is not a git command of this sandbox. See 'git --help'."),
            code: 1,
        }),
    }
}
