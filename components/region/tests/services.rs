//! Services of custom regions: URLs, credentials, and who gets through.

use region::{
    CredentialStep, Reachability, Refusal, RunnerLink, Service, Services, URL_LENGTH, check_regenerate, check_services,
    plan_services, reachability,
};

const ALL: [Service; 3] = [Service::Proxy, Service::SshGateway, Service::SnapshotManager];

fn only(service: Service, url: &str) -> Services {
    let url = Some(url.to_owned());
    match service {
        Service::Proxy => Services {
            proxy: url,
            ..Services::default()
        },
        Service::SshGateway => Services {
            ssh_gateway: url,
            ..Services::default()
        },
        Service::SnapshotManager => Services {
            snapshot_manager: url,
            ..Services::default()
        },
    }
}

#[test]
fn urls_name_a_host_and_hide_nothing() {
    let long = format!("https://a.example/{}", "x".repeat(URL_LENGTH - 18));
    let good = [
        "https://proxy.example.com",
        "http://10.0.0.7:8080/base",
        "HTTPS://Proxy.Example/",
        "http://[::1]:9000",
        "http://localhost",
        "",
        "  ",
        long.as_str(),
    ];
    for url in good {
        for service in ALL {
            assert_eq!(check_services(&only(service, url)), Ok(()), "{service:?} {url}");
        }
    }
    let too_long = format!("{long}x");
    let bad = [
        ("ftp://a.example", "scheme"),
        ("javascript://a.example", "scheme"),
        ("https://", "no host"),
        ("https://:80", "no host"),
        ("https://a.example:0", "port"),
        ("https://a.example:65536", "port"),
        ("https://a.example:+80", "port"),
        ("https://a.example:", "port"),
        ("https://user:secret@a.example", "user"),
        ("https://a.example/#part", "fragment"),
        ("https://a b.example", "spaces"),
        ("https://ä.example", "ASCII"),
        ("https://a\\b", "host"),
        ("http://[::1", "`]`"),
        ("http://[::1]x", "after"),
        ("http://[::g]", "IPv6"),
        (too_long.as_str(), "2048"),
    ];
    for (url, why) in bad {
        for service in ALL {
            match check_services(&only(service, url)) {
                Err(Refusal::InvalidUrl(text)) => {
                    assert!(text.contains(why) && text.contains("give one like"), "{url}: {text}");
                }
                other => panic!("{service:?} {url}: {other:?}"),
            }
        }
    }
}

#[test]
fn an_ssh_gateway_may_be_a_host_alone() {
    for url in ["ssh://gateway.example:2222", "gateway.example:2222", "gateway.example"] {
        assert_eq!(check_services(&only(Service::SshGateway, url)), Ok(()), "{url}");
        for service in [Service::Proxy, Service::SnapshotManager] {
            assert!(check_services(&only(service, url)).is_err(), "{service:?} {url}");
        }
    }
    let query = "https://a.example/?q=1";
    assert_eq!(check_services(&only(Service::SshGateway, query)), Ok(()));
    assert!(check_services(&only(Service::Proxy, query)).is_err());
}

#[test]
fn a_new_url_makes_a_credential_and_one_that_is_gone_revokes_it() {
    use CredentialStep::{Keep, Make, Revoke};
    let cases = [
        (None, None, Keep),
        (None, Some("https://a.example"), Make),
        (Some(" "), Some("https://a.example"), Make),
        (Some("https://a.example"), Some("https://a.example"), Keep),
        (Some("https://a.example"), Some("https://b.example"), Keep),
        (Some("https://a.example"), None, Revoke),
        (Some("https://a.example"), Some(""), Revoke),
    ];
    let services = |service, url: Option<&str>| url.map_or_else(Services::default, |url| only(service, url));
    for (before, after, want) in cases {
        for (position, service) in ALL.into_iter().enumerate() {
            let plan = plan_services(&services(service, before), &services(service, after));
            let mut wanted = [Keep; 3];
            wanted[position] = want;
            assert_eq!(plan, wanted, "{service:?}: {before:?} to {after:?}");
        }
    }
}

#[test]
fn only_a_configured_service_has_a_credential() {
    let names = ["proxyUrl", "sshGatewayUrl", "snapshotManagerUrl"];
    for (service, name) in ALL.into_iter().zip(names) {
        assert_eq!(check_regenerate(service, &only(service, "https://a.example")), Ok(()));
        for services in [Services::default(), only(service, " ")] {
            match check_regenerate(service, &services) {
                Err(Refusal::MissingUrl(text)) => {
                    assert!(text.contains(name) && text.contains("first"), "{text}");
                }
                other => panic!("{service:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_region_is_reached_through_a_connection_or_a_proxy() {
    let link = |reports, connected| RunnerLink { reports, connected };
    let (none, proxy) = (Services::default(), only(Service::Proxy, "https://a.example"));
    let cases = [
        (&none, vec![], Reachability::NoRunners),
        (&proxy, vec![], Reachability::NoRunners),
        (&none, vec![link(false, true)], Reachability::NoRunners),
        (&none, vec![link(true, false)], Reachability::Unreachable),
        (
            &none,
            vec![link(true, false), link(false, true)],
            Reachability::Unreachable,
        ),
        (&proxy, vec![link(true, false)], Reachability::Reachable),
        (
            &none,
            vec![link(true, false), link(true, true)],
            Reachability::Reachable,
        ),
    ];
    for (services, runners, want) in cases {
        assert_eq!(reachability(services, &runners), want, "{services:?} {runners:?}");
    }
}
