//! The application of a `spin.toml`: parsed, checked and resolved, so that nothing after this reads TOML.

mod raw;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::PlaneError;
use crate::limits::{MAX_MANIFEST, MAX_VARIABLE};

/// Paths that the host answers itself.
pub const RESERVED_PREFIX: &str = "/.well-known/spin";

/// A checked application.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
    /// Routes in order of the manifest; of equal ones the last holds.
    pub routes: Vec<Route>,
    /// The components that some route names, by id.
    pub components: BTreeMap<String, Component>,
}

/// One `[[trigger.http]]`.
#[derive(Debug, Clone)]
pub struct Route {
    /// Pattern as written; none for a private one, which no listener reaches.
    pub pattern: Option<String>,
    /// Who answers.
    pub target: Target,
}

/// Who answers a route.
#[derive(Debug, Clone)]
pub enum Target {
    /// A component, by id.
    Component(String),
    /// The host, with always the same answer.
    Static {
        /// 200 unless the manifest says otherwise.
        status: u16,
        /// Headers of the answer.
        headers: BTreeMap<String, String>,
        /// Body of the answer.
        body: String,
    },
}

/// One component that answers requests.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its `.wasm`, resolved against the manifest's directory.
    pub source: PathBuf,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// What `spin:variables` shows it, templates filled in.
    pub variables: BTreeMap<String, String>,
    /// Imported interface to the `.wasm` that provides it.
    pub dependencies: BTreeMap<String, PathBuf>,
}

/// Reads and checks the manifest at `path`; `overrides` give values to application variables.
///
/// # Errors
/// [`PlaneError::Read`], [`PlaneError::Manifest`] or [`PlaneError::Variable`].
pub fn load(path: &Path, overrides: &BTreeMap<String, String>) -> Result<Application, PlaneError> {
    let read = |source| PlaneError::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(read)?.len() > MAX_MANIFEST {
        return Err(PlaneError::Manifest {
            path: path.to_owned(),
            reason: format!("larger than {MAX_MANIFEST} bytes"),
        });
    }
    let text = std::fs::read_to_string(path).map_err(read)?;
    parse(&text, path, overrides)
}

/// [`load`] for a text that is already read; `path` is for messages and for relative sources.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, path: &Path, overrides: &BTreeMap<String, String>) -> Result<Application, PlaneError> {
    let refuse = |reason: String| PlaneError::Manifest {
        path: path.to_owned(),
        reason,
    };
    let raw: raw::Manifest = toml::from_str(text).map_err(|e| refuse(e.to_string()))?;
    if raw.spin_manifest_version != 2 {
        return Err(refuse(format!(
            "spin_manifest_version is {}, only 2 is known",
            raw.spin_manifest_version
        )));
    }
    let values = application_values(&raw.variables, overrides)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let routes = raw
        .trigger
        .http
        .iter()
        .map(|t| route(t, &raw.component))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;

    let mut components = BTreeMap::new();
    for target in routes.iter().map(|r| &r.target) {
        let Target::Component(id) = target else { continue };
        if !components.contains_key(id) {
            components.insert(
                id.clone(),
                component(id, &raw.component, base, &values).map_err(refuse)?,
            );
        }
    }
    Ok(Application {
        name: raw.application.name,
        version: raw.application.version,
        routes,
        components,
    })
}

fn application_values(
    declared: &BTreeMap<String, raw::Variable>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, PlaneError> {
    let refuse = |name: &str, reason: &str| PlaneError::Variable {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    if let Some(name) = overrides.keys().find(|name| !declared.contains_key(*name)) {
        return Err(refuse(name, "given, but the application declares none of this name"));
    }
    let mut values = BTreeMap::new();
    for (name, variable) in declared {
        if !is_variable_name(name) {
            return Err(refuse(name, "names are lower_snake_case and start with a letter"));
        }
        if variable.default.is_none() && !variable.required {
            return Err(refuse(name, "needs a `default` or `required = true`"));
        }
        let value = overrides
            .get(name)
            .or(variable.default.as_ref())
            .ok_or_else(|| refuse(name, "is required, but no value is given"))?;
        if value.len() > MAX_VARIABLE {
            return Err(refuse(name, "its value is too long"));
        }
        values.insert(name.clone(), value.clone());
    }
    Ok(values)
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn route(trigger: &raw::HttpTrigger, components: &BTreeMap<String, raw::Component>) -> Result<Route, String> {
    let pattern = match &trigger.route {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Table(table) if table.len() == 1 && table.get("private") == Some(&toml::Value::Boolean(true)) => {
            None
        }
        other => {
            return Err(format!(
                "trigger.http: route must be a pattern or {{ private = true }}, not `{other}`"
            ));
        }
    };
    let shown = pattern.as_deref().unwrap_or("(private)");
    if let Some(text) = &pattern {
        if !text.starts_with('/') {
            return Err(format!("trigger.http: route `{text}` does not start with `/`"));
        }
        if text.starts_with(RESERVED_PREFIX) {
            return Err(format!(
                "trigger.http: route `{text}` lies under {RESERVED_PREFIX}, which is the host's"
            ));
        }
    }
    if let Some(executor) = &trigger.executor
        && !matches!(executor.kind.as_str(), "http" | "spin")
    {
        return Err(format!(
            "trigger.http: route `{shown}`: executor `{}` is not offered by this host",
            executor.kind
        ));
    }
    let target = match (&trigger.component, &trigger.static_response) {
        (Some(id), None) if components.contains_key(id) => Target::Component(id.clone()),
        (Some(id), None) => {
            return Err(format!(
                "trigger.http: route `{shown}` names component `{id}`, which is not defined"
            ));
        }
        (None, Some(fixed)) => Target::Static {
            status: fixed.status_code.unwrap_or(200),
            headers: fixed.headers.clone(),
            body: fixed.body.clone(),
        },
        _ => {
            return Err(format!(
                "trigger.http: route `{shown}` needs either `component` or `static_response`"
            ));
        }
    };
    Ok(Route { pattern, target })
}

fn component(
    id: &str,
    all: &BTreeMap<String, raw::Component>,
    base: &Path,
    values: &BTreeMap<String, String>,
) -> Result<Component, String> {
    let place = format!("component.{id}");
    let raw = all.get(id).ok_or_else(|| format!("{place} is not defined"))?;
    if !raw.allowed_outbound_hosts.is_empty() {
        return Err(format!(
            "{place}.allowed_outbound_hosts: this host lets no component dial out"
        ));
    }
    let mut variables = BTreeMap::new();
    for (name, text) in &raw.variables {
        if !is_variable_name(name) {
            return Err(format!(
                "{place}.variables.{name}: names are lower_snake_case and start with a letter"
            ));
        }
        let value = template::fill(text, values).map_err(|e| format!("{place}.variables.{name}: {e}"))?;
        variables.insert(name.clone(), value);
    }
    let mut dependencies = BTreeMap::new();
    let mut packages = BTreeSet::new();
    for (name, dependency) in &raw.dependencies {
        let place = format!("{place}.dependencies.\"{name}\"");
        let package =
            package_of(name).ok_or_else(|| format!("{place}: name it `namespace:package/interface@version`"))?;
        if !packages.insert(package) {
            // Spin registers dependencies by package, so the second of one package would fail there.
            return Err(format!(
                "{place}: another dependency comes from package `{package}` already"
            ));
        }
        if dependency.export.is_some() {
            return Err(format!("{place}.export is not offered by this host"));
        }
        let source = match (&dependency.component, &dependency.path) {
            (Some(id), None) => {
                let provider = all
                    .get(id)
                    .ok_or_else(|| format!("{place} names component `{id}`, which is not defined"))?;
                check_dependency(id, provider)?;
                source(id, provider, base)?
            }
            (None, Some(path)) => base.join(path),
            _ => return Err(format!("{place} needs either `component` or `path`")),
        };
        dependencies.insert(name.clone(), source);
    }
    Ok(Component {
        source: source(id, raw, base)?,
        environment: raw.environment.clone(),
        variables,
        dependencies,
    })
}

/// Spin's rule: a component used as a dependency has nothing of its own.
fn check_dependency(id: &str, raw: &raw::Component) -> Result<(), String> {
    let own = [
        ("variables", raw.variables.is_empty()),
        ("environment", raw.environment.is_empty()),
        ("allowed_outbound_hosts", raw.allowed_outbound_hosts.is_empty()),
        ("key_value_stores", raw.key_value_stores.is_empty()),
        ("sqlite_databases", raw.sqlite_databases.is_empty()),
        (
            "dependencies",
            raw.dependencies.is_empty() && !raw.dependencies_inherit_configuration,
        ),
    ];
    match own.iter().find(|(_, empty)| !empty) {
        Some((key, _)) => Err(format!("component.{id}.{key}: a dependency may not have its own")),
        None => Ok(()),
    }
}

fn source(id: &str, raw: &raw::Component, base: &Path) -> Result<PathBuf, String> {
    match &raw.source {
        toml::Value::String(path) => Ok(base.join(path)),
        _ => Err(format!(
            "component.{id}.source: this host takes a path; fetch the component first"
        )),
    }
}

/// `sandbar:region` of `sandbar:region/rules@0.1.0`; none unless the name has that form.
fn package_of(name: &str) -> Option<&str> {
    let (package, interface) = name.split_once('/')?;
    let (namespace, rest) = package.split_once(':')?;
    let whole = !namespace.is_empty() && !rest.is_empty() && !interface.is_empty();
    whole.then_some(package)
}

#[cfg(test)]
mod tests;
