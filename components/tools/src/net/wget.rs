//! wget: a small front to the same transfers as curl's.

use super::curl::{Options, Session};
use super::url::Url;
use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

const NO_CHECK: char = '\u{e000}';
const HEADER: char = '\u{e001}';
const POST: char = '\u{e002}';
const METHOD: char = '\u{e003}';
const BODY: char = '\u{e004}';
const IGNORED: char = '\u{e005}';
const IGNORED_VALUE: char = '\u{e006}';
const SPIDER: char = '\u{e007}';
const USER: char = '\u{e008}';
const PASSWORD: char = '\u{e009}';
const TABLE: &[Opt] = &[
    opt('O', "output-document", Takes::Value),
    opt('q', "quiet", Takes::Nothing),
    opt('P', "directory-prefix", Takes::Value),
    opt('T', "timeout", Takes::Value),
    opt('t', "tries", Takes::Value),
    opt('U', "user-agent", Takes::Value),
    opt('S', "server-response", Takes::Nothing),
    opt('c', "continue", Takes::Nothing),
    opt('n', "", Takes::Value),
    opt('v', "verbose", Takes::Nothing),
    opt(NO_CHECK, "no-check-certificate", Takes::Nothing),
    opt(HEADER, "header", Takes::Value),
    opt(POST, "post-data", Takes::Value),
    opt(METHOD, "method", Takes::Value),
    opt(BODY, "body-data", Takes::Value),
    opt(SPIDER, "spider", Takes::Nothing),
    opt(USER, "user", Takes::Value),
    opt(PASSWORD, "password", Takes::Value),
    opt(IGNORED, "no-verbose", Takes::Nothing),
    opt(IGNORED, "show-progress", Takes::Nothing),
    opt(IGNORED, "no-clobber", Takes::Nothing),
    opt(IGNORED, "content-disposition", Takes::Nothing),
    opt(IGNORED_VALUE, "progress", Takes::Value),
    opt(IGNORED_VALUE, "waitretry", Takes::Value),
];
/// Redirections that are followed.
const MOST_REDIRECTS: u32 = 20;

/// Fetches every address into a file: 0, 2 (command line), 3 (files), 4 (network), 5 (TLS), 8 (the server refuses).
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("wget", message);
            return 2;
        }
    };
    let mut options = Options {
        follow: true,
        fail: true,
        silent: true,
        most_redirects: MOST_REDIRECTS,
        agent: Some(format!("Wget/1.21 (Sandbar {})", env!("CARGO_PKG_VERSION"))),
        ..Options::default()
    };
    let (mut output, mut directory, mut quiet, mut user, mut password) = (None, None, false, None, String::new());
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'O' => output = Some(text),
            'P' => directory = Some(text),
            'q' => quiet = true,
            'T' => {
                options.how.connect_timeout = text
                    .parse()
                    .ok()
                    .and_then(|limit| Duration::try_from_secs_f64(limit).ok())
            }
            'U' => options.agent = Some(text),
            'S' => options.verbose = true,
            NO_CHECK => options.how.trust.insecure = true,
            HEADER => options.headers.push(text),
            POST | BODY => options.data = Some(text.into_bytes()),
            METHOD => options.method = Some(text),
            SPIDER => options.head = true,
            USER => user = Some(text),
            PASSWORD => password = text,
            _ => {}
        }
    }
    options.user = user.map(|user| format!("{user}:{password}"));
    options.output_dir = directory;
    options.create_dirs = true;
    if parsed.operands.is_empty() {
        console::complain("wget", "missing URL");
        return 2;
    }
    let mut code = 0;
    for url in &parsed.operands {
        let url = url.to_string_lossy();
        let name = match &output {
            Some(name) => name.clone(),
            None if options.head => "/dev/null".into(),
            None => free_name(&url, options.output_dir.as_deref()),
        };
        let started = Instant::now();
        match Session::new(&options).fetch(&url, Some(&Some(name.clone()))) {
            Ok(status) => {
                if !quiet {
                    console::complain(
                        "wget",
                        format_args!(
                            "{url}: {status}, saved to '{name}' in {:.1} s",
                            started.elapsed().as_secs_f64()
                        ),
                    );
                }
            }
            Err(failure) => {
                if !quiet {
                    console::complain("wget", &failure.message);
                }
                code = match failure.code {
                    22 => 8,
                    23 => 3,
                    35 | 60 => 5,
                    3 => 2,
                    _ => 4,
                };
            }
        }
    }
    code
}

/// The name of the last part of the path, with a number behind it if there is such a file.
fn free_name(url: &str, directory: Option<&str>) -> String {
    let name = Url::parse(url)
        .ok()
        .and_then(|url| url.file_name())
        .unwrap_or_else(|| "index.html".into());
    let taken = |name: &str| Path::new(directory.unwrap_or(".")).join(name).exists();
    if !taken(&name) {
        return name;
    }
    (1..10_000)
        .map(|number| format!("{name}.{number}"))
        .find(|name| !taken(name))
        .unwrap_or(name)
}
