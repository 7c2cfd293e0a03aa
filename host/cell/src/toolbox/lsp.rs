//! `lsp`: language servers, one for each language and project.

use super::fs_error::At;
use super::lsp_server::LanguageServer;
use super::process::directory;
use crate::blocking::blocking;
use crate::call::{Call, Json, Parameters};
use crate::error::{ApiError, Code};
use crate::limits::LSP_DOCUMENT_BYTES;
use crate::table::Open;
use crate::toolbox::environment::Variables;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the Python server is in the base layer.
const PYTHON_SERVER: &str = "/usr/lib/sandbar/lsp/server.py";
const SCHEME: &str = "file://";

/// Body of `start` and `stop`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerRequest {
    language_id: String,
    path_to_project: String,
}

/// Body of `did-open` and `did-close`, and query of `document-symbols`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRequest {
    language_id: String,
    path_to_project: String,
    uri: String,
}

/// Query of `workspacesymbols`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SymbolsRequest {
    language_id: String,
    path_to_project: String,
    query: String,
}

/// Body of `completions`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionsRequest {
    language_id: String,
    path_to_project: String,
    uri: String,
    position: Position,
    context: Option<CompletionContext>,
}

/// A place in a document, counted from 0; characters are UTF-16 units.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Position {
    line: u32,
    character: u32,
}

/// Why completions are wanted.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionContext {
    trigger_kind: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_character: Option<String>,
}

/// A name and where it is.
#[derive(Debug, Deserialize, Serialize)]
pub struct Symbol {
    name: String,
    kind: u32,
    location: Location,
}

#[derive(Debug, Deserialize, Serialize)]
struct Location {
    uri: String,
    range: Range,
}

#[derive(Debug, Deserialize, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

/// What could stand at a place.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionList {
    #[serde(default)]
    is_incomplete: bool,
    items: Vec<CompletionItem>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct CompletionItem {
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insert_text: Option<String>,
}

/// `POST /lsp/start`
pub async fn start(call: Call, Json(request): Json<ServerRequest>) -> Result<(), ApiError> {
    let (language, arguments) = command(&request.language_id)?;
    let open = call.open().await?;
    let project = directory(&call, &open, Some(&request.path_to_project)).await?;
    let name = name(language, &project);
    let servers = &call.entry().work().language_servers;
    let environment = call.environment(&open, &project, Variables::new());
    let made = servers.make(
        &name,
        |_| false,
        || Ok(LanguageServer::new(arguments, language, project, environment)),
    );
    let server = match made {
        Err(error) if error.status == StatusCode::CONFLICT => servers.get(&name)?,
        made => made?,
    };
    let started = server.start(&open.sandbox).await;
    if started.is_err() {
        // It holds nothing; another start begins afresh.
        let _ = servers.remove(&name);
        server.end().await;
    }
    started
}

/// `POST /lsp/stop`; one that does not run is stopped already.
pub async fn stop(call: Call, Json(request): Json<ServerRequest>) -> Result<(), ApiError> {
    let (language, _) = command(&request.language_id)?;
    let project = call.path(&request.path_to_project)?;
    if let Ok(server) = call.entry().work().language_servers.remove(&name(language, &project)) {
        server.end().await;
    }
    Ok(())
}

/// `POST /lsp/did-open`
pub async fn did_open(call: Call, Json(request): Json<DocumentRequest>) -> Result<(), ApiError> {
    let found = find(&call, &request.language_id, &request.path_to_project).await?;
    let path = document(&call.work_dir(), &found.project, &request.uri)?;
    let tree = found.open.tree.clone();
    let at = path.clone();
    let text = blocking(move || tree.read_file(&at, LSP_DOCUMENT_BYTES).at(&at)).await?;
    let text = String::from_utf8(text.to_vec())
        .map_err(|_| ApiError::bad_request(format!("{path} is not text (UTF-8), so no language server can read it")))?;
    found
        .server
        .open(&found.open.sandbox, format!("{SCHEME}{path}"), text)
        .await
}

/// `POST /lsp/did-close`
pub async fn did_close(call: Call, Json(request): Json<DocumentRequest>) -> Result<(), ApiError> {
    let found = find(&call, &request.language_id, &request.path_to_project).await?;
    let path = document(&call.work_dir(), &found.project, &request.uri)?;
    found
        .server
        .close(&found.open.sandbox, &format!("{SCHEME}{path}"))
        .await
}

/// `GET /lsp/document-symbols`
pub async fn document_symbols(
    call: Call,
    Parameters(request): Parameters<DocumentRequest>,
) -> Result<axum::Json<Vec<Symbol>>, ApiError> {
    let found = find(&call, &request.language_id, &request.path_to_project).await?;
    let path = document(&call.work_dir(), &found.project, &request.uri)?;
    let asked = json!({ "textDocument": { "uri": format!("{SCHEME}{path}") } });
    let answer = found
        .server
        .ask(&found.open.sandbox, "textDocument/documentSymbol", &asked)
        .await?;
    symbols(answer)
}

/// `GET /lsp/workspacesymbols`
pub async fn workspace_symbols(
    call: Call,
    Parameters(request): Parameters<SymbolsRequest>,
) -> Result<axum::Json<Vec<Symbol>>, ApiError> {
    let found = find(&call, &request.language_id, &request.path_to_project).await?;
    let asked = json!({ "query": request.query });
    let answer = found
        .server
        .ask(&found.open.sandbox, "workspace/symbol", &asked)
        .await?;
    symbols(answer)
}

/// `POST /lsp/completions`
pub async fn completions(
    call: Call,
    Json(request): Json<CompletionsRequest>,
) -> Result<axum::Json<CompletionList>, ApiError> {
    let found = find(&call, &request.language_id, &request.path_to_project).await?;
    let path = document(&call.work_dir(), &found.project, &request.uri)?;
    let mut asked = json!({ "textDocument": { "uri": format!("{SCHEME}{path}") }, "position": request.position });
    if let Some(context) = request.context {
        asked["context"] = json!(context);
    }
    let answer = found
        .server
        .ask(&found.open.sandbox, "textDocument/completion", &asked)
        .await?;
    let list = match answer {
        Value::Null => CompletionList::default(),
        Value::Array(_) => CompletionList {
            is_incomplete: false,
            items: read(answer)?,
        },
        answer => read(answer)?,
    };
    Ok(axum::Json(list))
}

fn symbols(answer: Value) -> Result<axum::Json<Vec<Symbol>>, ApiError> {
    let symbols = if answer.is_null() { Vec::new() } else { read(answer)? };
    Ok(axum::Json(symbols))
}

/// What a server says is a guest's word: only what has the documented form goes on.
fn read<T: serde::de::DeserializeOwned>(answer: Value) -> Result<T, ApiError> {
    serde_json::from_value(answer).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            Code::BadGateway,
            format!("the language server's answer is not as the protocol has it: {error}"),
        )
    })
}

struct Found {
    server: Arc<LanguageServer>,
    open: Open,
    project: String,
}

async fn find(call: &Call, language: &str, project: &str) -> Result<Found, ApiError> {
    let (language, _) = command(language)?;
    let project = call.path(project)?;
    let open = call.open().await?;
    let server = call
        .entry()
        .work()
        .language_servers
        .get(&name(language, &project))
        .map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                Code::LspServerNotInitialized,
                format!("no {language} server runs for {project}; start it with POST /lsp/start"),
            )
        })?;
    Ok(Found { server, open, project })
}

fn name(language: &str, project: &str) -> String {
    format!("{language} {}", project.trim_end_matches('/'))
}

/// The language by its one name, and the command of its server.
fn command(language: &str) -> Result<(&'static str, Vec<String>), ApiError> {
    match language {
        "python" => Ok(("python", ["python3", "-B", PYTHON_SERVER].map(str::to_owned).into())),
        "typescript" | "javascript" => Err(ApiError::bad_request(format!(
            "there is no language server for {language} in this version; there is one for python"
        ))),
        other => Err(ApiError::bad_request(format!(
            "unknown language {other:?}; there is a language server for python"
        ))),
    }
}

/// The absolute path of a document. Clients put `file://` before whatever path they were given; a relative one starts at
/// the working directory, or, if that does not lead into the project, at the project.
fn document(work_dir: &str, project: &str, uri: &str) -> Result<String, ApiError> {
    let path = uri.strip_prefix(SCHEME).unwrap_or(uri);
    if path.is_empty() || path.contains("://") {
        return Err(ApiError::bad_path(format!(
            "{uri:?} names no file; use file:// and a path"
        )));
    }
    let found = crate::paths::absolute(path, work_dir)?;
    let inside = format!("{}/", project.trim_end_matches('/'));
    if path.starts_with('/') || found.starts_with(&inside) {
        return Ok(found);
    }
    crate::paths::absolute(path, project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_below_the_project() {
        let document = |uri| document("/home", "/home/p", uri).ok();
        assert_eq!(document("file:///x/a.py").as_deref(), Some("/x/a.py"));
        assert_eq!(document("file://p/a.py").as_deref(), Some("/home/p/a.py"));
        assert_eq!(document("file://src/a.py").as_deref(), Some("/home/p/src/a.py"));
        assert_eq!(document("http://x/a.py"), None);
        assert_eq!(document("file://"), None);
    }

    #[test]
    fn languages_without_a_server_say_so() {
        assert!(command("python").is_ok());
        let error = command("typescript").expect_err("none");
        assert_eq!(error.status, 400);
        assert!(error.message.contains("typescript"), "{}", error.message);
        assert!(command("cobol").is_err());
    }

    #[test]
    fn an_answer_of_another_form_is_the_servers_fault() {
        let error = symbols(json!([{ "name": 1 }])).expect_err("no symbol");
        assert_eq!(error.status, 502);
        assert!(symbols(Value::Null).expect("none").0.is_empty());
    }
}
