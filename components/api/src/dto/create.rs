//! The body of a create, and what it asks for once it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::dto::{BuildBody, MountBody};
use crate::http::Problem;
use crate::rules::snapshots::MOST_MOUNTS;
use crate::rules::text;

/// The snapshot that every runner has, and the default.
pub const SNAPSHOT: &str = "sandbar";

/// What holds for a sandbox that says nothing.
#[derive(Debug)]
pub struct Defaults {
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GiB.
    pub disk_gib: u32,
    /// Minutes.
    pub auto_stop: u32,
    /// Minutes.
    pub auto_archive: u32,
    /// Minutes; -1: never.
    pub auto_delete: i32,
    /// Name of the user inside.
    pub user: &'static str,
}

/// The documented defaults.
pub const CREATE_DEFAULTS: Defaults = Defaults {
    cpu: 1,
    memory_gib: 1,
    disk_gib: 3,
    auto_stop: 15,
    auto_archive: 10_080,
    auto_delete: -1,
    user: "daytona",
};

/// Minutes of the longest auto-archive interval: 30 days. 0 asks for it.
pub const AUTO_ARCHIVE_MOST: u32 = 43_200;

/// The body as it is sent. Properties that are not named here are ignored, as the documented server does.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateSandbox {
    name: Option<String>,
    snapshot: Option<String>,
    user: Option<String>,
    env: Option<BTreeMap<String, String>>,
    labels: Option<BTreeMap<String, String>>,
    public: Option<bool>,
    network_block_all: Option<bool>,
    network_allow_list: Option<String>,
    domain_allow_list: Option<String>,
    target: Option<String>,
    cpu: Option<i64>,
    memory: Option<i64>,
    disk: Option<i64>,
    gpu: Option<i64>,
    kvm: Option<bool>,
    spot: Option<bool>,
    auto_stop_interval: Option<i64>,
    auto_archive_interval: Option<i64>,
    auto_delete_interval: Option<i64>,
    auto_pause_interval: Option<i64>,
    ttl_minutes: Option<i64>,
    volumes: Option<Vec<MountBody>>,
    secrets: Option<Vec<Value>>,
    build_info: Option<BuildBody>,
    linked_sandbox: Option<String>,
    outbound_proxy_url: Option<String>,
}

/// A create that is checked and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are those of the body
pub struct Creation {
    pub name: Option<String>,
    pub snapshot: Option<String>,
    pub build: Option<BuildBody>,
    pub volumes: Vec<MountBody>,
    pub user: Option<String>,
    pub env: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub public: bool,
    pub network_block_all: bool,
    pub network_allow_list: Option<String>,
    pub domain_allow_list: Option<String>,
    pub target: Option<String>,
    pub cpu: Option<u32>,
    pub memory_gib: Option<u32>,
    pub disk_gib: Option<u32>,
    pub auto_stop: u32,
    pub auto_archive: u32,
    pub auto_delete: i32,
}

fn bad<T>(text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::BadRequest(text.into()))
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A size of at least 1.
pub(super) fn size(name: &str, value: Option<i64>, default: u32) -> Result<u32, Problem> {
    match value {
        None => Ok(default),
        Some(value) => match u32::try_from(value) {
            Ok(value) if value > 0 => Ok(value),
            _ => bad(format!("{name}: {value} is not at least 1")),
        },
    }
}

fn some_size(name: &str, value: Option<i64>) -> Result<Option<u32>, Problem> {
    value.map(|value| size(name, Some(value), 0)).transpose()
}

/// Checks an interval in minutes. Negative ones are 400.
pub fn interval(name: &str, value: i64) -> Result<u32, Problem> {
    match u32::try_from(value) {
        // The store keeps 32 bits with a sign.
        Ok(value) if i32::try_from(value).is_ok() => Ok(value),
        _ => bad(format!("{name}: {value} is no number of minutes from 0 on")),
    }
}

/// Checks an auto-archive interval: 0 means the longest, and longer ones are the longest.
pub fn auto_archive(value: i64) -> Result<u32, Problem> {
    Ok(match interval("autoArchiveInterval", value)? {
        0 => AUTO_ARCHIVE_MOST,
        minutes => minutes.min(AUTO_ARCHIVE_MOST),
    })
}

/// Checks an auto-delete interval: -1 means never, 0 at the stop.
pub fn auto_delete(value: i64) -> Result<i32, Problem> {
    match i32::try_from(value) {
        Ok(value) if value >= -1 => Ok(value),
        _ => bad(format!(
            "autoDeleteInterval: {value} is neither -1 nor a number of minutes from 0 on"
        )),
    }
}

impl CreateSandbox {
    /// Checks everything that can be checked without facts.
    pub fn check(self) -> Result<Creation, Problem> {
        self.refuse_what_is_missing()?;
        let name = given(self.name);
        if let Some(name) = &name {
            text::sandbox_name(name)?;
        }
        let snapshot = given(self.snapshot);
        if let Some(build) = &self.build_info {
            build.check()?;
            if snapshot.is_some() {
                return bad("buildInfo: a sandbox is made of a snapshot or of a build, not of both");
            }
        }
        let volumes = self.volumes.unwrap_or_default();
        if volumes.len() > MOST_MOUNTS {
            return bad(format!("volumes: at most {MOST_MOUNTS}"));
        }
        volumes.iter().try_for_each(MountBody::check)?;
        for (index, one) in volumes.iter().enumerate() {
            let path = |it: &MountBody| it.mount_path.trim_end_matches('/').to_owned();
            if volumes[..index].iter().any(|other| path(other) == path(one)) {
                return bad(format!("volumes: two at {}", one.mount_path));
            }
        }
        let user = given(self.user);
        if let Some(user) = &user {
            text::user(user)?;
        }
        let env = self.env.unwrap_or_default();
        text::environment(&env)?;
        let labels = self.labels.unwrap_or_default();
        text::labels(&labels)?;
        let (networks, domains) = (given(self.network_allow_list), given(self.domain_allow_list));
        networks.as_deref().map_or(Ok(()), text::networks)?;
        domains.as_deref().map_or(Ok(()), text::domains)?;
        let defaults = &CREATE_DEFAULTS;
        Ok(Creation {
            name,
            snapshot,
            build: self.build_info,
            volumes,
            user,
            env,
            labels,
            public: self.public.unwrap_or(false),
            network_block_all: self.network_block_all.unwrap_or(false),
            network_allow_list: networks,
            domain_allow_list: domains,
            target: self.target,
            cpu: some_size("cpu", self.cpu)?,
            memory_gib: some_size("memory", self.memory)?,
            disk_gib: some_size("disk", self.disk)?,
            auto_stop: match self.auto_stop_interval {
                Some(value) => interval("autoStopInterval", value)?,
                None => defaults.auto_stop,
            },
            auto_archive: self
                .auto_archive_interval
                .map_or(Ok(defaults.auto_archive), auto_archive)?,
            auto_delete: self
                .auto_delete_interval
                .map_or(Ok(defaults.auto_delete), auto_delete)?,
        })
    }

    /// A wish that is not fulfilled is refused, never forgotten.
    fn refuse_what_is_missing(&self) -> Result<(), Problem> {
        let some = |list: &Option<Vec<Value>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let positive = |number: Option<i64>| number.is_some_and(|number| number != 0);
        let text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let wishes = [
            (some(&self.secrets), "secrets"),
            (text(&self.linked_sandbox), "linkedSandbox"),
            (text(&self.outbound_proxy_url), "outboundProxyUrl"),
            (positive(self.gpu), "gpu"),
            (self.kvm == Some(true), "kvm"),
            (self.spot == Some(true), "spot"),
            (positive(self.auto_pause_interval), "autoPauseInterval"),
            (positive(self.ttl_minutes), "ttlMinutes"),
        ];
        match wishes.into_iter().find(|(wished, _)| *wished) {
            Some((_, name)) => bad(format!("{name}: not supported by this server")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(body: Value) -> Result<Creation, String> {
        let body: CreateSandbox = serde_json::from_value(body).map_err(|error| error.to_string())?;
        body.check().map_err(|problem| {
            assert_eq!(problem.status(), 400);
            problem.to_string()
        })
    }

    #[test]
    fn the_body_of_the_python_client() {
        let creation = check(json!({
            "name": "demo-29920f33", "env": {"DEMO_RUN": "29920f33"},
            "labels": {"suite": "demo", "run": "29920f33", "code-toolbox-language": "python"},
            "target": "us", "autoStopInterval": 10, "volumes": [],
        }))
        .expect("fine");
        assert_eq!(creation.name.as_deref(), Some("demo-29920f33"));
        assert_eq!(creation.target.as_deref(), Some("us"));
        assert_eq!(creation.auto_stop, 10);
        assert_eq!(
            (creation.cpu, creation.memory_gib, creation.disk_gib),
            (None, None, None)
        );
        assert_eq!(creation.labels.len(), 3);
    }

    #[test]
    fn an_empty_body_means_the_defaults() {
        let creation = check(json!({})).expect("fine");
        assert_eq!(
            (creation.auto_stop, creation.auto_archive, creation.auto_delete),
            (15, 10_080, -1)
        );
        assert_eq!((creation.user.as_deref(), creation.snapshot.as_deref()), (None, None));
        assert_eq!(creation.name, None);
        let nulls = check(json!({"name": null, "cpu": null, "labels": null, "snapshot": "", "gpu": 0, "kvm": false}));
        assert_eq!(nulls, Ok(creation));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (
                json!({"snapshot": "mine", "buildInfo": {"dockerfileContent": "FROM x"}}),
                "both",
            ),
            (json!({"autoStopInterval": -1}), "autoStopInterval"),
            (json!({"autoArchiveInterval": -5}), "autoArchiveInterval"),
            (json!({"autoDeleteInterval": -2}), "autoDeleteInterval"),
            (json!({"autoStopInterval": 3_000_000_000_i64}), "autoStopInterval"),
            (json!({"cpu": 0}), "cpu"),
            (json!({"memory": -1}), "memory"),
            (json!({"disk": 5_000_000_000_i64}), "disk"),
            (json!({"cpu": 0.5}), "0.5"),
            (json!({"name": "<b>"}), "name"),
            (json!({"env": {"A B": "x"}}), "env"),
            (json!({"env": {"A": 1}}), "string"),
            (json!({"labels": {"a": "http://x"}}), "labels"),
            (json!({"user": "Root!"}), "user"),
            (json!({"networkAllowList": "everything"}), "networkAllowList"),
            (json!({"volumes": [{"volumeId": "v"}]}), "mountPath"),
            (json!({"volumes": [{"volumeId": "v", "mountPath": "/etc"}]}), "/etc"),
            (
                json!({"volumes": [{"volumeId": "v", "mountPath": "/a"}, {"volumeId": "w", "mountPath": "/a/"}]}),
                "two at",
            ),
            (json!({"buildInfo": {"dockerfileContent": ""}}), "buildInfo"),
            (json!({"gpu": 1}), "gpu"),
            (json!({"kvm": true}), "kvm"),
        ];
        for (body, word) in cases {
            let text = check(body.clone()).expect_err("refused");
            assert!(text.contains(word), "{body}: {text}");
        }
    }

    #[test]
    fn auto_archive_is_bounded_and_zero_means_the_longest() {
        assert_eq!(auto_archive(0), Ok(AUTO_ARCHIVE_MOST));
        assert_eq!(auto_archive(1_000_000), Ok(AUTO_ARCHIVE_MOST));
        assert_eq!(auto_archive(60), Ok(60));
        assert_eq!((auto_delete(-1), auto_delete(0)), (Ok(-1), Ok(0)));
    }
}
