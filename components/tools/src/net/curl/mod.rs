//! curl for HTTP and HTTPS.

mod options;
mod request;
mod transfer;

pub(super) use options::Options;
pub(super) use transfer::Session;

use crate::console;
use std::ffi::OsString;
use std::time::Duration;

/// The longest wait before a retry, as curl doubles it.
const MOST_WAIT: Duration = Duration::from_secs(600);

/// Fetches every address: 0, or the number that curl has for what went wrong last.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut options = match options::parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => return 0,
        Err(message) => {
            console::complain(
                "curl",
                format_args!("{message}\ncurl: try 'curl --help' for more information"),
            );
            return 2;
        }
    };
    if options.get
        && let Some(data) = options.data.take()
    {
        let query = String::from_utf8_lossy(&data).into_owned();
        for url in &mut options.urls {
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push(mark);
            url.push_str(&query);
        }
    }
    let mut session = Session::new(&options);
    let mut code = 0;
    for (number, url) in options.urls.iter().enumerate() {
        let output = options.outputs.get(number);
        code = fetch(&options, &mut session, url, output);
    }
    session.keep_cookies();
    code
}

fn fetch(options: &Options, session: &mut Session, url: &str, output: Option<&Option<String>>) -> i32 {
    let mut wait = Duration::from_secs(1);
    for attempt in 0..=options.retry {
        let outcome = session.fetch(url, output);
        let (failure, transient) = match outcome {
            Ok(status) if attempt < options.retry && matches!(status, 408 | 429 | 500 | 502 | 503 | 504) => {
                (None, true)
            }
            Ok(_) => {
                session.report(url);
                return 0;
            }
            Err(failure) => {
                let transient = options.retry_all
                    || matches!(failure.code, 6 | 28)
                    || failure.code == 7 && options.retry_refused
                    || failure.code == 22 && session.is_transient();
                (Some(failure), transient)
            }
        };
        if attempt < options.retry && transient {
            let wait_now = options.retry_delay.unwrap_or(wait);
            if !options.silent {
                let why = failure
                    .as_ref()
                    .map_or("HTTP error".to_owned(), |failure| failure.message.clone());
                console::complain(
                    "Warning",
                    format_args!(
                        "Problem: {why}. Will retry in {} seconds. {} retries left.",
                        wait_now.as_secs(),
                        options.retry - attempt
                    ),
                );
            }
            std::thread::sleep(wait_now);
            wait = (wait * 2).min(MOST_WAIT);
            continue;
        }
        session.report(url);
        if let Some(failure) = failure {
            if !options.silent || options.show_errors {
                console::complain("curl", format_args!("({}) {}", failure.code, failure.message));
            }
            return failure.code;
        }
    }
    0
}
