//! What a program is, by its own declarations.

use crate::limits::MAX_REASON_BYTES;
use serde::{Deserialize, Serialize};
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload, TypeRef};

/// How a program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It has a start: `wasi:cli/run`.
    Command,
    /// It answers HTTP requests: `wasi:http/incoming-handler`.
    Http,
}

/// What the file is before anything is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A core module for WASI 0.1.
    Preview1,
    /// A component for WASI 0.2.
    Component(Kind),
}

/// The one module that a program for WASI 0.1 may import.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Looks at a program's outermost declarations.
///
/// # Errors
/// Why it is none that can run here, in words.
pub(crate) fn form(wasm: &[u8]) -> Result<Form, String> {
    let mut component = None;
    let mut start = false;
    let mut kind = None;
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| cut(&format!("it is no WebAssembly: {error}")))? {
            Payload::Version { encoding, .. } => {
                component.get_or_insert(encoding == Encoding::Component);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ImportSection(imports) if component == Some(false) => {
                for import in imports.into_imports() {
                    let import = import.map_err(|error| cut(&error.to_string()))?;
                    if import.module != PREVIEW1 || !matches!(import.ty, TypeRef::Func(_)) {
                        return Err(cut(&format!(
                            "it imports {}.{}, which sandboxes do not have (only WASI 0.1 and 0.2)",
                            import.module, import.name
                        )));
                    }
                }
            }
            Payload::ExportSection(exports) if component == Some(false) => {
                for export in exports {
                    start |= export.map_err(|error| cut(&error.to_string()))?.name == "_start";
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export.map_err(|error| cut(&error.to_string()))?;
                    if export.kind != ComponentExternalKind::Instance {
                        continue;
                    }
                    if export.name.name.starts_with("wasi:cli/run@0.2.") {
                        kind = Some(Kind::Command);
                    } else if export.name.name.starts_with("wasi:http/incoming-handler@0.2.") {
                        kind.get_or_insert(Kind::Http);
                    }
                }
            }
            _ => {}
        }
    }
    match (component, start, kind) {
        (Some(false), true, _) => Ok(Form::Preview1),
        (Some(true), _, Some(kind)) => Ok(Form::Component(kind)),
        (Some(true), ..) => {
            Err("it is a component, but neither a command (wasi:cli/run) nor an HTTP handler (wasi:http/incoming-handler) of WASI 0.2".to_owned())
        }
        _ => Err("it is a library: it has no _start function to run".to_owned()),
    }
}

/// A reason that fits.
pub(crate) fn cut(reason: &str) -> String {
    let plain = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut kept = String::new();
    for c in plain {
        if kept.len() + c.len_utf8() > MAX_REASON_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}
