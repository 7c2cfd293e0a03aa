//! The toolbox API of a sandbox: `/toolbox/{id}/...`.

mod bulk_download;
mod bulk_upload;
mod download;
pub(crate) mod environment;
mod events;
mod execs;
mod fileinfo;
mod files;
pub(crate) mod fs_error;
mod git;
mod git_run;
mod info;
mod interpreter;
mod lsp;
mod lsp_frames;
pub(crate) mod lsp_server;
pub(crate) mod process;
mod pty;
mod pty_socket;
mod search;
mod session_logs;
mod sessions;
mod system;
mod upload;
mod writer;

use crate::network;
use crate::preview;
use crate::table::Table;
use axum::Router;
use axum::routing::{any, delete, get, post};
use std::sync::Arc;

/// All routes, relative to `/toolbox/{id}`.
pub fn router() -> Router<Arc<Table>> {
    Router::new()
        .route("/version", get(info::version))
        .route("/user-home-dir", get(info::home_dir))
        .route("/work-dir", get(info::work_dir))
        .route("/project-dir", get(info::work_dir))
        .merge(preview::router())
        .route("/port", get(network::ports))
        .route("/port/{port}/in-use", get(network::in_use))
        .route("/files", get(files::list))
        .route("/files", delete(files::remove))
        .route("/files/info", get(files::info))
        .route("/files/folder", post(files::create_folder))
        .route("/files/move", post(files::rename))
        .route("/files/permissions", post(files::set_permissions))
        .route("/files/find", get(search::find_text))
        .route("/files/search", get(search::find_names))
        .route("/files/replace", post(search::replace))
        .route("/files/download", get(download::download))
        .route("/files/upload", post(upload::legacy))
        .route("/files/upload-v2", post(upload::upload))
        .route("/files/bulk-upload", post(bulk_upload::upload))
        .route("/files/bulk-download", post(bulk_download::download))
        .route("/process/execute", post(process::execute))
        .route("/process/code-run", post(process::code_run))
        .route("/env", post(system::update))
        .route("/system/metrics", get(system::metrics))
        .route("/computeruse", any(system::no_desktop))
        .route("/computeruse/{*rest}", any(system::no_desktop))
        .merge(git::router())
        .merge(execs())
        .merge(sessions())
        .merge(terminals())
        .merge(interpreters())
        .merge(language_servers())
}

fn language_servers() -> Router<Arc<Table>> {
    Router::new()
        .route("/lsp/start", post(lsp::start))
        .route("/lsp/stop", post(lsp::stop))
        .route("/lsp/did-open", post(lsp::did_open))
        .route("/lsp/did-close", post(lsp::did_close))
        .route("/lsp/document-symbols", get(lsp::document_symbols))
        .route("/lsp/workspacesymbols", get(lsp::workspace_symbols))
        .route("/lsp/completions", post(lsp::completions))
}

fn execs() -> Router<Arc<Table>> {
    Router::new()
        .route("/process/execs", get(execs::list).post(execs::start))
        .route("/process/execs/{exec}", get(execs::get).delete(execs::remove))
        .route("/process/execs/{exec}/output", get(execs::output))
        .route("/process/execs/{exec}/signal", post(execs::signal))
        .route("/process/execs/{exec}/input", post(execs::input))
}

// A WebSocket comes with GET over HTTP/1 and with CONNECT over HTTP/2.

fn sessions() -> Router<Arc<Table>> {
    const COMMAND: &str = "/process/session/{session}/command/{command}";
    Router::new()
        .route("/process/session", get(sessions::list).post(sessions::create))
        .route(
            "/process/session/entrypoint/logs",
            get(session_logs::entrypoint).connect(session_logs::entrypoint),
        )
        .route(
            "/process/session/{session}",
            get(sessions::get).delete(sessions::remove),
        )
        .route("/process/session/{session}/exec", post(sessions::execute))
        .route(COMMAND, get(sessions::command))
        .route(&format!("{COMMAND}/input"), post(sessions::input))
        .route(
            &format!("{COMMAND}/logs"),
            get(session_logs::logs).connect(session_logs::logs),
        )
}

fn terminals() -> Router<Arc<Table>> {
    Router::new()
        .route("/process/pty", get(pty::list).post(pty::create))
        .route(
            "/process/pty/create-connect",
            get(pty::create_connect).connect(pty::create_connect),
        )
        .route("/process/pty/{pty}", get(pty::get).delete(pty::remove))
        .route("/process/pty/{pty}/resize", post(pty::resize))
        .route("/process/pty/{pty}/connect", get(pty::connect).connect(pty::connect))
}

fn interpreters() -> Router<Arc<Table>> {
    Router::new()
        .route(
            "/process/interpreter/context",
            get(interpreter::list).post(interpreter::create),
        )
        .route("/process/interpreter/context/{context}", delete(interpreter::remove))
        .route(
            "/process/interpreter/execute",
            get(interpreter::execute).connect(interpreter::execute),
        )
}
