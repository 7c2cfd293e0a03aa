//! The document that lists every route, made of the table of routes: paths, parameters, who may call.

use serde_json::{Map, Value, json};

use crate::http::{Access, Need, TABLE};

/// The OpenAPI document. Bodies are those of the documented API and are not repeated.
pub fn open_api_document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for row in TABLE {
        let item = paths.entry(row.pattern.to_owned()).or_insert_with(|| json!({}));
        let names = row.pattern.split('/').filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        });
        let operation = json!({
            "operationId": format!("{:?}_{}", row.route, row.method.name().to_lowercase()),
            "tags": [tag(row.pattern)],
            "parameters": names.collect::<Vec<_>>(),
            "x-sandbar-access": access(&row.access),
            "security": if row.access.looks_at_callers() { json!([{"bearer": []}]) } else { json!([]) },
            "responses": {"default": {"description": "as the Daytona API has it; errors are JSON with a message"}},
        });
        item[row.method.name().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Sandbar", "version": env!("CARGO_PKG_VERSION")},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    })
}

fn tag(pattern: &str) -> &str {
    let path = pattern.strip_prefix("/api/").unwrap_or(pattern);
    path.trim_start_matches('/').split('/').next().unwrap_or(path)
}

fn access(it: &Access) -> Vec<String> {
    let mut all = Vec::new();
    if it.front {
        all.push("front".to_owned());
    }
    if it.optional {
        all.push("anybody".to_owned());
    }
    match it.user {
        None => {}
        Some(Need::Key) => all.push("user".to_owned()),
        Some(Need::Permission(permission)) => all.push(format!("user with {permission}")),
        Some(Need::Owner) => all.push("owner".to_owned()),
        Some(Need::Operator) => all.push("operator".to_owned()),
    }
    for (may, name) in [
        (it.runner, "runner"),
        (it.proxy, "region proxy"),
        (it.gateway, "region SSH gateway"),
    ] {
        if may {
            all.push(name.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_with_its_parameters() {
        let document = open_api_document();
        for row in TABLE {
            let operation = &document["paths"][row.pattern][row.method.name().to_lowercase()];
            let wanted = row.pattern.matches('{').count();
            assert_eq!(
                operation["parameters"].as_array().map(Vec::len),
                Some(wanted),
                "{}",
                row.pattern
            );
        }
        assert_eq!(document["paths"]["/api/config"]["get"]["security"], json!([]));
    }
}
