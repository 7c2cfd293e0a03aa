//! The programs that come from uutils, by name.

use std::ffi::OsString;

/// What uutils' `uumain` looks like, for the arguments we give.
type Main = fn(std::vec::IntoIter<OsString>) -> i32;

/// Every program of uutils that is built in, in order of name.
const PROGRAMS: &[(&str, Main)] = &[
    ("arch", uu_arch::uumain),
    ("b2sum", uu_b2sum::uumain),
    ("base32", uu_base32::uumain),
    ("base64", uu_base64::uumain),
    ("basename", uu_basename::uumain),
    ("basenc", uu_basenc::uumain),
    ("cat", uu_cat::uumain),
    ("cksum", uu_cksum::uumain),
    ("comm", uu_comm::uumain),
    ("cp", uu_cp::uumain),
    ("csplit", uu_csplit::uumain),
    ("cut", uu_cut::uumain),
    ("date", uu_date::uumain),
    ("dd", uu_dd::uumain),
    ("dircolors", uu_dircolors::uumain),
    ("dirname", uu_dirname::uumain),
    ("echo", uu_echo::uumain),
    ("expand", uu_expand::uumain),
    ("expr", uu_expr::uumain),
    ("factor", uu_factor::uumain),
    ("false", uu_false::uumain),
    ("fmt", uu_fmt::uumain),
    ("fold", uu_fold::uumain),
    ("head", uu_head::uumain),
    ("hostid", uu_hostid::uumain),
    ("join", uu_join::uumain),
    ("link", uu_link::uumain),
    ("ln", uu_ln::uumain),
    ("md5sum", uu_md5sum::uumain),
    ("mkdir", uu_mkdir::uumain),
    ("mktemp", uu_mktemp::uumain),
    ("mv", uu_mv::uumain),
    ("nl", uu_nl::uumain),
    ("nproc", uu_nproc::uumain),
    ("numfmt", uu_numfmt::uumain),
    ("od", uu_od::uumain),
    ("paste", uu_paste::uumain),
    ("pathchk", uu_pathchk::uumain),
    ("pr", uu_pr::uumain),
    ("printenv", uu_printenv::uumain),
    ("printf", uu_printf::uumain),
    ("ptx", uu_ptx::uumain),
    ("pwd", uu_pwd::uumain),
    ("readlink", uu_readlink::uumain),
    ("realpath", uu_realpath::uumain),
    ("rm", uu_rm::uumain),
    ("rmdir", uu_rmdir::uumain),
    ("sed", sed::sed::uumain),
    ("seq", uu_seq::uumain),
    ("sha1sum", uu_sha1sum::uumain),
    ("sha224sum", uu_sha224sum::uumain),
    ("sha256sum", uu_sha256sum::uumain),
    ("sha384sum", uu_sha384sum::uumain),
    ("sha512sum", uu_sha512sum::uumain),
    ("shred", uu_shred::uumain),
    ("shuf", uu_shuf::uumain),
    ("sleep", uu_sleep::uumain),
    ("sort", uu_sort::uumain),
    ("split", uu_split::uumain),
    ("sum", uu_sum::uumain),
    ("tail", uu_tail::uumain),
    ("tee", uu_tee::uumain),
    ("touch", uu_touch::uumain),
    ("tr", uu_tr::uumain),
    ("true", uu_true::uumain),
    ("truncate", uu_truncate::uumain),
    ("tsort", uu_tsort::uumain),
    ("tty", uu_tty::uumain),
    ("uname", uu_uname::uumain),
    ("unexpand", uu_unexpand::uumain),
    ("uniq", uu_uniq::uumain),
    ("unlink", uu_unlink::uumain),
    ("wc", uu_wc::uumain),
    ("yes", uu_yes::uumain),
];

/// The program of that name.
pub fn find(name: &str) -> Option<Main> {
    PROGRAMS.binary_search_by(|(known, _)| (*known).cmp(name)).ok().map(|at| PROGRAMS[at].1)
}

/// Names of all programs, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|(name, _)| *name)
}

/// Runs a program with its arguments (its own name first) and gives its exit code.
pub fn run(name: &str, main: Main, arguments: Vec<OsString>) -> i32 {
    if let Err(error) = uucore::locale::setup_localization(name) {
        eprintln!("{name}: cannot load messages: {error}");
    }
    main(arguments.into_iter())
}
