//! The commands, each with git's options, words and exit codes.

pub mod add;
mod apply;
mod blame;
pub mod branch;
pub mod checkout;
mod clean;
mod clone;
pub mod commit;
pub mod config;
pub mod diff;
pub mod fetch;
mod grep;
pub mod init;
mod inspect;
pub mod log;
pub mod merge;
mod pick;
mod plumbing;
pub mod pull;
pub mod push;
mod rebase;
mod refs;
pub mod remote;
mod remove;
pub mod reset;
mod revparse;
mod stash;
pub mod status;
mod status_v2;
mod tag;
mod trees;

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

and apply, archive, blame, cherry-pick, clean, config, describe, grep, rebase, reflog, revert,
shortlog, rev-parse, rev-list, for-each-ref, update-ref, ls-files, ls-tree, ls-remote, cat-file,
hash-object, write-tree, read-tree, commit-tree, update-index, count-objects, merge-base,
symbolic-ref, show-ref, check-ignore.";

/// Which git this behaves as; programs compare it.
const VERSION: &str = "git version 2.47.0 (sandbar, libgit2)";

/// Names that no alias takes.
const COMMANDS: [&str; 57] = [
    "add",
    "annotate",
    "api",
    "apply",
    "archive",
    "blame",
    "branch",
    "cat-file",
    "check-ignore",
    "checkout",
    "cherry-pick",
    "clean",
    "clone",
    "commit",
    "commit-tree",
    "config",
    "count-objects",
    "describe",
    "diff",
    "fetch",
    "for-each-ref",
    "grep",
    "hash-object",
    "help",
    "init",
    "log",
    "ls-files",
    "ls-remote",
    "ls-tree",
    "merge",
    "merge-base",
    "mv",
    "pull",
    "push",
    "read-tree",
    "rebase",
    "reflog",
    "remote",
    "reset",
    "restore",
    "rev-list",
    "rev-parse",
    "revert",
    "rm",
    "shortlog",
    "show",
    "show-ref",
    "stage",
    "stash",
    "status",
    "switch",
    "symbolic-ref",
    "tag",
    "update-index",
    "update-ref",
    "version",
    "write-tree",
];

/// What an alias of the settings stands for; a command's own name stands for itself.
///
/// # Errors
/// The alias is a shell command, which settings start none of, or leads to itself.
pub fn alias(name: &str, rest: &[String]) -> Result<(String, Vec<String>), Failure> {
    let mut words: Vec<String> = std::iter::once(name.to_owned()).chain(rest.iter().cloned()).collect();
    let mut seen: Vec<String> = Vec::new();
    while !COMMANDS.contains(&words[0].as_str()) {
        let Ok(value) =
            crate::context::settings().and_then(|settings| Ok(settings.get_string(&format!("alias.{}", words[0]))?))
        else {
            break;
        };
        if value.starts_with('!') {
            return Err(Failure::fatal(
                Kind::Invalid,
                format!(
                    "alias '{}' is a shell command; settings start no programs here, so run it yourself",
                    words[0]
                ),
            ));
        }
        if seen.contains(&words[0]) || value.trim().is_empty() {
            return Err(Failure::fatal(
                Kind::Invalid,
                format!("alias loop detected: expansion of '{name}' does not terminate"),
            ));
        }
        seen.push(words[0].clone());
        let mut split = split(&value);
        split.extend(words.drain(1..));
        words = split;
    }
    let first = words.remove(0);
    Ok((first, words))
}

/// Words of an alias: quotes keep spaces.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (end, Some(begun)) if end == begun => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Runs a command.
///
/// # Errors
/// What the command fails with.
pub fn dispatch(name: &str, arguments: Vec<String>) -> Result<i32, Failure> {
    match name {
        "add" | "stage" => add::add(arguments),
        "api" => crate::api::run(),
        "apply" => apply::apply(arguments),
        "archive" => trees::archive(arguments),
        "blame" | "annotate" => blame::blame(arguments),
        "branch" => branch::branch(arguments),
        "cat-file" => plumbing::cat_file(arguments),
        "check-ignore" => plumbing::check_ignore(arguments),
        "checkout" => checkout::checkout(arguments),
        "cherry-pick" => pick::cherry_pick(arguments),
        "clean" => clean::clean(arguments),
        "clone" => clone::clone(arguments),
        "commit" => commit::commit(arguments),
        "commit-tree" => trees::commit_tree(arguments),
        "count-objects" => trees::count_objects(arguments),
        "config" => config::config(arguments),
        "describe" => inspect::describe(arguments),
        "diff" => diff::diff(arguments),
        "fetch" => fetch::fetch(arguments),
        "for-each-ref" => refs::for_each_ref(arguments),
        "grep" => grep::grep(arguments),
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
        "read-tree" => trees::read_tree(arguments),
        "rebase" => rebase::rebase(arguments),
        "reflog" => inspect::reflog(arguments),
        "remote" => remote::remote(arguments),
        "reset" => reset::reset(arguments),
        "restore" => checkout::restore(arguments),
        "revert" => pick::revert(arguments),
        "rev-list" => revparse::rev_list(arguments),
        "rev-parse" => revparse::rev_parse(arguments),
        "rm" => remove::rm(arguments),
        "shortlog" => inspect::shortlog(arguments),
        "show" => log::show(arguments),
        "show-ref" => revparse::show_ref(arguments),
        "stash" => stash::stash(arguments),
        "status" => status::status(arguments),
        "switch" => checkout::switch(arguments),
        "symbolic-ref" => revparse::symbolic_ref(arguments),
        "tag" => tag::tag(arguments),
        "update-index" => trees::update_index(arguments),
        "write-tree" => trees::write_tree(arguments),
        "update-ref" => refs::update_ref(arguments),
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
