//! The toolbox API of a sandbox: `/toolbox/{id}/...`.

mod bulk_download;
mod bulk_upload;
mod download;
mod environment;
mod events;
mod fileinfo;
mod files;
pub(crate) mod fs_error;
mod info;

mod process;
mod search;
mod upload;
mod writer;

use crate::network;
use crate::preview;
use crate::table::Table;
use axum::Router;
use axum::routing::{delete, get, post};
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
}
