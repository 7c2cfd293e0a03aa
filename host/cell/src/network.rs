//! A sandbox's network as its runner and its users see it: the policy, which may change at any time, and the ports inside.

use crate::call::{Call, Json};
use crate::error::{ApiError, Code};
use crate::table::Table;
use axum::extract::{Path, State};
use http::StatusCode;
use sandbar_net::Policy;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Ports that the toolbox lists: where people put servers. Lower ones are services, higher ones come and go.
const LISTED_PORTS: RangeInclusive<u16> = 3000..=9999;

/// What a sandbox may reach outside, as the API has it; part of the spec, and body of `PUT /sandboxes/<id>/network`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkSpec {
    /// Nothing at all.
    pub block_all: bool,
    /// Networks in CIDR notation, with commas between them.
    pub allow_list: Option<String>,
    /// Domains, with commas between them; `*.` before one means all below it.
    pub domain_allow_list: Option<String>,
}

impl NetworkSpec {
    /// The policy that it describes.
    ///
    /// # Errors
    /// 400, naming the first entry that is none.
    pub fn policy(&self) -> Result<Policy, ApiError> {
        Policy::parse(
            self.block_all,
            self.allow_list.as_deref(),
            self.domain_allow_list.as_deref(),
        )
        .map_err(|error| ApiError::bad_request(error.to_string()))
    }
}

/// `PUT /sandboxes/<id>/network`: at once, also for connections that are open.
pub async fn change(
    State(table): State<Arc<Table>>,
    Path(id): Path<String>,
    Json(spec): Json<NetworkSpec>,
) -> Result<StatusCode, ApiError> {
    let entry = table.get(&id).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            format!("sandbox {id} is not here"),
        )
    })?;
    entry.set_network(spec)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /port`
pub async fn ports(call: Call) -> Result<axum::Json<Value>, ApiError> {
    let ports = call.entry().network()?.map_or_else(Vec::new, |network| network.ports());
    let listed: Vec<u16> = ports.into_iter().filter(|port| LISTED_PORTS.contains(port)).collect();
    Ok(axum::Json(json!({ "ports": listed })))
}

/// `GET /port/{port}/in-use`
pub async fn in_use(
    call: Call,
    Path(parameters): Path<std::collections::HashMap<String, String>>,
) -> Result<axum::Json<Value>, ApiError> {
    let text = parameters.get("port").map_or("", String::as_str);
    let port = text
        .parse()
        .ok()
        .filter(|port| LISTED_PORTS.contains(port))
        .ok_or_else(|| {
            ApiError::bad_request(format!(
                "port {text:?} is not one of {} to {}",
                LISTED_PORTS.start(),
                LISTED_PORTS.end()
            ))
        })?;
    let ports = call.entry().network()?.map_or_else(Vec::new, |network| network.ports());
    Ok(axum::Json(json!({ "isInUse": ports.contains(&port) })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_open() {
        let spec: NetworkSpec = serde_json::from_str("{}").expect("a spec");
        assert_eq!(spec, NetworkSpec::default());
        assert_eq!(spec.policy().expect("a policy"), Policy::open());
        let spec: NetworkSpec =
            serde_json::from_str(r#"{"blockAll": true, "allowList": null, "domainAllowList": ""}"#).expect("a spec");
        assert_eq!(spec.policy().expect("a policy"), Policy::blocked());
        let spec: NetworkSpec = serde_json::from_str(r#"{"allowList": "10.0.0.1"}"#).expect("a spec");
        assert_eq!(spec.policy().expect_err("no prefix").status, StatusCode::BAD_REQUEST);
    }
}
