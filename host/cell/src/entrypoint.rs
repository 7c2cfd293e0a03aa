//! What a sandbox's image says to run: from each start on, as a session of a name that nobody else may use.

use crate::error::ApiError;
use crate::table::Entry;
use crate::toolbox::environment::{self, Variables};
use crate::toolbox::process::{refusal, starting_directory};
use crate::work::command::Command;
use crate::work::session::{Session, quoted};
use std::sync::Arc;

/// The name of the session.
pub const NAME: &str = "entrypoint";

/// Starts it, if there is one. That it cannot be started keeps nobody from the sandbox: it is logged.
pub(crate) async fn begin(entry: &Arc<Entry>) {
    let spec = entry.spec();
    if spec.entrypoint.is_empty() {
        return;
    }
    if let Err(error) = run(entry, &spec.entrypoint).await {
        tracing::warn!(sandbox = %spec.id, %error, "the entrypoint of a sandbox could not be started");
    }
}

async fn run(entry: &Entry, words: &[String]) -> Result<(), ApiError> {
    let open = entry.open().await?;
    let directory = starting_directory(entry, &open).await?;
    let environment = environment::of(&open.spec, &entry.environment_changes(), &directory, Variables::new());
    let work = entry.work();
    let session = work.sessions.make(
        NAME,
        |_| false,
        || Session::start(NAME.to_owned(), &open.sandbox, environment, directory).map_err(refusal),
    )?;
    let text: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let command =
        Command::new(text.join(" "), work.executions.log_limit(), false, true, &open.sandbox).map_err(refusal)?;
    session.run(Arc::clone(&command))?;
    tokio::spawn(async move {
        command.wait().await;
        // Its log stays. A shell that waits for nothing would keep the sandbox from being idle.
        session.end().await;
    });
    Ok(())
}
