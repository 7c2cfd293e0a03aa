//! The services of a custom region: their URLs, the fate of their credentials, and whether anybody gets through.

use crate::model::{CredentialStep, Reachability, Refusal, RunnerLink, Service, Services};

/// Bytes of a URL: what browsers and proxies pass on everywhere.
pub const URL_LENGTH: usize = 2_048;

/// All services, in the order of the contract.
const ALL: [Service; 3] = [Service::Proxy, Service::SshGateway, Service::SnapshotManager];

impl Services {
    /// The URL of a service; none if it is absent or blank.
    pub fn url(&self, service: Service) -> Option<&str> {
        let url = match service {
            Service::Proxy => &self.proxy,
            Service::SshGateway => &self.ssh_gateway,
            Service::SnapshotManager => &self.snapshot_manager,
        };
        url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    }
}

impl Service {
    /// The name of its URL in the API, and the service in words.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Proxy => ("proxyUrl", "proxy"),
            Self::SshGateway => ("sshGatewayUrl", "SSH gateway"),
            Self::SnapshotManager => ("snapshotManagerUrl", "snapshot manager"),
        }
    }
}

/// Checks the URLs that are given.
pub fn check_services(services: &Services) -> Result<(), Refusal> {
    for service in ALL {
        if let Some(url) = services.url(service) {
            check_url(service, url).map_err(|why| {
                let (field, _) = service.names();
                let example = match service {
                    Service::SshGateway => "ssh://gateway.example.com:2222",
                    Service::Proxy | Service::SnapshotManager => "https://service.example.com",
                };
                Refusal::InvalidUrl(format!("{field} {why}; give one like {example}"))
            })?;
        }
    }
    Ok(())
}

/// What becomes of each credential, in the order of the contract's enum.
pub fn plan_services(before: &Services, after: &Services) -> [CredentialStep; 3] {
    ALL.map(|service| match (before.url(service), after.url(service)) {
        (None, Some(_)) => CredentialStep::Make,
        (Some(_), None) => CredentialStep::Revoke,
        // One that becomes another: the service has moved, and takes its credential along.
        (None, None) | (Some(_), Some(_)) => CredentialStep::Keep,
    })
}

/// Whether the credential of a service can be made anew: only if there is such a service.
pub fn check_regenerate(service: Service, services: &Services) -> Result<(), Refusal> {
    if services.url(service).is_some() {
        return Ok(());
    }
    let (field, name) = service.names();
    Err(Refusal::MissingUrl(format!(
        "the region has no {name}: {field} is not configured; set {field} first, then regenerate the credential"
    )))
}

/// Whether the sandboxes of a region can be reached by their users. What a runner that does not report was
/// connected to no longer counts.
pub fn reachability(services: &Services, runners: &[RunnerLink]) -> Reachability {
    let mut reporting = runners.iter().filter(|runner| runner.reports).peekable();
    if reporting.peek().is_none() {
        Reachability::NoRunners
    } else if services.url(Service::Proxy).is_some() || reporting.any(|runner| runner.connected) {
        Reachability::Reachable
    } else {
        Reachability::Unreachable
    }
}

/// The rule of a URL; the error says what is wrong with it.
fn check_url(service: Service, url: &str) -> Result<(), String> {
    if url.len() > URL_LENGTH {
        return Err(format!("has {} bytes, at most {URL_LENGTH} are allowed", url.len()));
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has characters other than printable ASCII, or spaces".to_owned());
    }
    let ssh = service == Service::SshGateway;
    let rest = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (known, wanted): (&[&str], _) = if ssh {
                (&["http", "https", "ssh"], "http, https or ssh")
            } else {
                (&["http", "https"], "http or https")
            };
            if !known.iter().any(|it| scheme.eq_ignore_ascii_case(it)) {
                return Err(format!("has the scheme `{scheme}`, not {wanted}"));
            }
            rest
        }
        None if ssh => url,
        None => return Err("has no scheme, http or https".to_owned()),
    };
    if rest.contains('#') {
        return Err("has a fragment (`#`)".to_owned());
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !ssh && path.contains('?') {
        return Err("has a query (`?`)".to_owned());
    }
    check_authority(authority)
}

/// Host and port. No user: a password in a URL ends up in logs.
fn check_authority(authority: &str) -> Result<(), String> {
    if authority.contains('@') {
        return Err("names a user (`@`)".to_owned());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("has an address without its `]`")?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(format!("has `{host}` in the place of an IPv6 address"));
            }
            let port = rest.strip_prefix(':');
            if port.is_none() && !rest.is_empty() {
                return Err("goes on after the `]` of its address".to_owned());
            }
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err("names no host".to_owned());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if !host.bytes().all(allowed) {
        return Err(format!("has a host, `{host}`, with characters that no host name has"));
    }
    match port {
        None => Ok(()),
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|it| it > 0) => Ok(()),
        Some(port) => Err(format!("has `{port}` in the place of a port (1 to 65535)")),
    }
}
