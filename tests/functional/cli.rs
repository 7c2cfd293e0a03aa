//! The commands of operators and users, as they type them: every noun with its verbs, in words and as JSON.

use sandbar_tests::{Cli, Platform, RunnerProcess, Settings};
use serde_json::Value;
use std::time::{Duration, Instant};

fn platform() -> Platform {
    Platform::start_with(Settings::default())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// The rows of a table: words that two spaces part.
fn rows(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect()
        })
        .collect()
}

fn has_row(table: &str, words: &[&str]) -> bool {
    rows(table)
        .iter()
        .any(|row| words.iter().all(|word| row.contains(word)))
}

#[test]
fn regions_and_runners() {
    let platform = platform();
    let cli = Cli::of(&platform);
    let made = cli.ok(&["region", "create", "lab", "--proxy-url", "https://proxy.lab.example"]);
    assert!(
        made.contains("proxyApiKey") && made.contains("sandbar runner create"),
        "{made}"
    );
    let seen = cli.json(&["region", "show", "lab"]);
    let id = text(&seen, "id").to_owned();
    assert_eq!(cli.json(&["region", "show", &id])["name"], "lab", "by name and by id");
    let key = made
        .lines()
        .find_map(|line| line.trim().strip_prefix("proxyApiKey"))
        .unwrap_or_default()
        .trim();
    assert!(key.len() >= 32, "{made}");
    for later in [
        cli.ok(&["region", "show", "lab"]),
        cli.ok(&["region", "list"]),
        cli.json(&["region", "list"]).to_string(),
    ] {
        assert!(!later.contains(key), "a credential is shown once: {later}");
    }
    let list = cli.ok(&["region", "list"]);
    assert!(
        has_row(&list, &["lab", &id, "custom", "no-runners"]) && has_row(&list, &["us", "shared"]),
        "{list}"
    );

    // A service that comes later: its key is made and shown at once, the way the API alone does not.
    let updated = cli.json(&[
        "region",
        "update",
        "lab",
        "--ssh-gateway-url",
        "ssh://gate.lab.example:22",
        "--placement-policy",
        "pack",
    ]);
    assert!(text(&updated, "sshGateway.apiKey").len() >= 32, "{updated}");
    assert_eq!(updated["placementPolicy"], "pack");
    let fresh = cli.json(&["region", "regenerate", "lab", "proxy"]);
    assert!(text(&fresh, "apiKey").len() >= 32 && text(&fresh, "apiKey") != key);
    let none = cli.refused(1, &["region", "regenerate", "lab", "snapshot-manager"]);
    assert!(none.contains("snapshotManagerUrl"), "{none}");
    let nothing = cli.refused(2, &["region", "update", "lab"]);
    assert!(nothing.contains("--placement-policy"), "a next step: {nothing}");
    assert!(cli.refused(2, &["region", "show", "nowhere"]).contains("there are: "));
    assert!(cli.refused(1, &["region", "create", "lab"]).contains("lab"));
    assert!(cli.refused(1, &["region", "create", "no spaces"]).contains("name"));
    let shared = cli.json(&["region", "create", "eu-west", "--type", "shared", "--enforce-quotas"]);
    assert_eq!(
        cli.json(&["region", "show", text(&shared, "id")])["regionType"],
        "shared"
    );
    assert!(has_row(&cli.ok(&["region", "list", "--all"]), &["eu-west", "shared"]));
    cli.ok(&["region", "update", "eu-west", "--placement-policy", "pack"]);
    assert_eq!(cli.json(&["region", "show", "eu-west"])["placementPolicy"], "pack");
    cli.ok(&["region", "delete", "eu-west"]);

    let made = cli.json(&["runner", "create", "m1", "--region", "lab", "--tag", "fast"]);
    let (runner, token) = (text(&made, "id").to_owned(), text(&made, "apiKey").to_owned());
    let told = cli.ok(&["runner", "create", "m2", "--region", &id]);
    assert!(
        told.contains("sandbar runner --api-url") && told.contains("--data-dir"),
        "{told}"
    );
    for later in [
        cli.ok(&["runner", "list", "--all"]),
        cli.ok(&["runner", "show", "m1"]),
        cli.json(&["runner", "list"]).to_string(),
    ] {
        assert!(!later.contains(&token), "a token is shown once: {later}");
    }
    let list = cli.ok(&["runner", "list", "--region", "lab"]);
    assert!(has_row(&list, &["m1", &runner, &id, "initializing"]), "{list}");
    assert_eq!(rows(&list).len(), 3, "{list}");
    assert!(has_row(&cli.ok(&["runner", "list", "--all"]), &["us", "ready"]));
    let rotated = cli.json(&["runner", "rotate-token", "m1", "--grace", "5"]);
    assert_ne!(text(&rotated, "apiKey"), token);
    cli.ok(&["runner", "unschedule", "m1"]);
    assert!(cli.ok(&["runner", "list"]).contains("initializing, unschedulable"));
    assert_eq!(cli.json(&["runner", "show", "m1"])["unschedulable"], true);
    cli.ok(&["runner", "schedule", "m1"]);
    assert!(cli.ok(&["runner", "drain", "m1"]).contains("draining"));
    assert_eq!(cli.json(&["runner", "undrain", "m1"])["draining"], false);
    assert!(
        cli.refused(1, &["runner", "metrics", "m1"])
            .contains("RUNNER_UNREACHABLE")
    );
    assert!(cli.refused(1, &["runner", "delete", "m1"]).contains("unschedulable"));
    assert!(cli.refused(2, &["runner", "show", "m9"]).contains("there are: "));
    assert!(
        cli.refused(1, &["runner", "component", "push", "m1", "/no/such/file"])
            .contains("/no/such/file")
    );
    assert!(cli.refused(1, &["region", "delete", "lab"]).contains("runner"));
    for name in ["m1", "m2"] {
        cli.ok(&["runner", "unschedule", name]);
        assert!(cli.ok(&["runner", "delete", name]).contains("is deleted"));
    }
    cli.ok(&["region", "delete", "lab"]);
    assert!(!cli.ok(&["region", "list"]).contains("lab"));
}

#[test]
fn sandboxes() {
    let platform = platform();
    let cli = Cli::of(&platform);
    let made = cli.json(&[
        "sandbox",
        "create",
        "--name",
        "alpha",
        "--target",
        "us",
        "--env",
        "WHO=world",
        "--label",
        "team=red",
        "--auto-stop",
        "0",
    ]);
    let id = text(&made, "id").to_owned();
    assert_eq!(
        (&made["state"], &made["autoStopInterval"]),
        (&"started".into(), &0.into()),
        "{made}"
    );
    cli.ok(&[
        "sandbox",
        "create",
        "--name",
        "beta",
        "--ephemeral",
        "--block-network",
        "--public",
    ]);
    let list = cli.ok(&["sandbox", "list"]);
    assert!(
        has_row(&list, &["alpha", &id, "started", "us"]) && list.contains("beta"),
        "{list}"
    );
    let red = cli.json(&[
        "sandbox", "list", "--label", "team=red", "--region", "us", "--state", "started",
    ]);
    assert_eq!(red.as_array().map(Vec::len), Some(1), "{red}");

    // Output as it is, and the command's own code.
    assert_eq!(
        cli.ok(&["sandbox", "exec", "alpha", "echo \"hello $WHO\""]),
        "hello world\n"
    );
    assert_eq!(cli.ok(&["sandbox", "exec", "--cwd", "/tmp", &id, "pwd"]), "/tmp\n");
    let failed = cli.run(&["sandbox", "exec", "alpha", "echo seen; exit 7"]);
    assert_eq!(
        (failed.code, failed.out.as_str(), failed.err.as_str()),
        (7, "seen\n", ""),
        "{failed:?}"
    );
    let as_json = cli.ok(&["sandbox", "exec", "--json", "alpha", "exit 3"]);
    assert_eq!(serde_json::from_str::<Value>(&as_json).expect("JSON")["exitCode"], 3);
    assert!(
        cli.refused(1, &["sandbox", "exec", "--timeout", "1", "alpha", "sleep 9"])
            .contains("1 s")
    );

    let preview = cli.ok(&["sandbox", "preview", "alpha", "3000"]);
    assert!(
        preview.contains(&format!("http://3000-{id}.")) && preview.contains("token"),
        "{preview}"
    );
    let signed = cli.json(&["sandbox", "preview", "alpha", "3000", "--signed", "60"]);
    assert!(text(&signed, "url").contains(text(&signed, "token")), "{signed}");
    assert!(
        cli.refused(2, &["sandbox", "preview", "alpha", "0x10"])
            .contains("PORT")
    );
    assert_eq!(cli.json(&["sandbox", "resize", "alpha", "--cpu", "2"])["cpu"], 2);
    assert!(cli.refused(2, &["sandbox", "resize", "alpha"]).contains("--cpu"));
    assert_eq!(cli.json(&["sandbox", "stop", "alpha"])["desiredState"], "stopped");
    let started = Instant::now();
    while cli.json(&["sandbox", "show", "alpha"])["state"] != "stopped" {
        assert!(started.elapsed() < Duration::from_secs(10), "it does not stop");
    }
    assert_eq!(cli.json(&["sandbox", "start", "alpha"])["state"], "started");
    assert_eq!(
        text(&cli.json(&["sandbox", "fork", "alpha", "--name", "copy"]), "name"),
        "copy"
    );
    assert!(cli.refused(1, &["sandbox", "recover", "alpha"]).contains("started"));
    let why = cli.ok(&["explain", "alpha"]);
    assert!(
        why.contains("placed on local-1") && why.contains("policy spread"),
        "{why}"
    );
    assert!(cli.refused(1, &["explain", "nothing"]).contains("not found"));
    assert!(cli.refused(1, &["sandbox", "show", "nothing"]).contains("not found"));
    assert!(
        cli.refused(1, &["sandbox", "create", "--target", "mars"])
            .contains("mars")
    );
    assert!(
        cli.refused(2, &["sandbox", "create", "--env", "novalue"])
            .contains("NAME=VALUE")
    );
    for name in ["copy", "alpha", "beta"] {
        cli.ok(&["sandbox", "delete", name]);
    }
    let started = Instant::now();
    while cli
        .json(&["sandbox", "list"])
        .as_array()
        .is_some_and(|left| !left.is_empty())
    {
        assert!(started.elapsed() < Duration::from_secs(20), "they are not deleted");
    }
}

#[test]
fn organizations_keys_and_users() {
    let platform = platform();
    let cli = Cli::of(&platform);
    assert_eq!(cli.json(&["user", "me"])["operator"], true);
    let ann = cli.json(&["user", "create", "ann", "--email", "ann@lab.example"]);
    let (user, key) = (text(&ann, "id").to_owned(), text(&ann, "apiKey").to_owned());
    let users = cli.ok(&["user", "list"]);
    assert!(has_row(&users, &["ann", &user, "ann@lab.example"]), "{users}");
    assert!(!users.contains(&key), "{users}");
    let hers = cli.with_key(&key);
    let denied = hers.refused(1, &["user", "list"]);
    assert!(
        denied.contains("403") && denied.contains("sandbar key show"),
        "a next step: {denied}"
    );
    assert!(hers.ok(&["org", "show"]).contains("Personal"));
    let own = text(&hers.json(&["org", "show"]), "id").to_owned();

    let made = cli.json(&["org", "create", "acme", "--default-region", "us"]);
    let (acme, boss) = (text(&made, "id").to_owned(), cli.with_key(text(&made, "apiKey")));
    assert!(has_row(&cli.ok(&["org", "list"]), &["acme", &acme, "us"]));
    cli.ok(&[
        "org", "quota", "acme", "--region", "us", "--cpu", "7", "--memory", "9", "--disk", "11",
    ]);
    cli.ok(&["org", "quota", &acme, "--cpu", "3"]);
    let usage = boss.ok(&["org", "usage"]);
    assert!(has_row(&usage, &["us", "0/7", "0/9", "0/11"]), "{usage}");
    assert_eq!(boss.json(&["org", "show"])["maxCpuPerSandbox"], 3);
    assert!(cli.refused(2, &["org", "quota", "acme"]).contains("--cpu"));
    cli.ok(&["org", "set-member", "acme", &user, "--role", "owner"]);
    let members = cli.ok(&["org", "members", "acme"]);
    assert!(has_row(&members, &[&user, "owner"]), "{members}");
    cli.ok(&["org", "remove-member", "acme", &user]);
    assert!(!cli.ok(&["org", "members", "acme"]).contains(&user));
    // An operator speaks about any organization by its id.
    cli.ok(&["org", "suspend", &own, "--reason", "no payment"]);
    let refused = hers.refused(1, &["sandbox", "create"]);
    assert!(
        refused.contains("ORGANIZATION_SUSPENDED") && refused.contains("no payment"),
        "{refused}"
    );
    cli.ok(&["org", "unsuspend", &own]);
    let sandbox = hers.json(&["sandbox", "create", "--name", "hers"]);
    assert!(
        cli.refused(1, &["sandbox", "show", "hers"]).contains("not found"),
        "not in the operator's own"
    );
    assert_eq!(
        cli.json(&["sandbox", "show", "hers", "--organization", &own])["id"],
        sandbox["id"]
    );
    hers.ok(&["sandbox", "delete", "hers"]);

    let narrow = cli.json(&[
        "key",
        "create",
        "narrow",
        "--permission",
        "write:sandboxes",
        "--expires",
        "2099-01-31T00:00:00Z",
    ]);
    let value = text(&narrow, "value").to_owned();
    let keys = cli.ok(&["key", "list"]);
    assert!(has_row(&keys, &["narrow", "write:sandboxes"]), "{keys}");
    assert!(
        !keys.contains(&value) && !keys.contains(&platform.api_key),
        "values are shown once: {keys}"
    );
    let other = cli.with_key(&value);
    assert_eq!(other.json(&["key", "show"])["name"], "narrow");
    assert!(!other.ok(&["key", "show"]).contains(&value));
    assert!(other.refused(1, &["region", "create", "lab"]).contains("403"));
    cli.ok(&["key", "delete", "narrow"]);
    let dead = other.refused(1, &["key", "show"]);
    assert!(dead.contains("401") && dead.contains("DAYTONA_API_KEY"), "{dead}");
    assert!(!dead.contains(&value), "{dead}");
    cli.ok(&["org", "delete", "acme"]);
    assert!(!cli.ok(&["org", "list"]).contains("acme"));
}

#[test]
fn the_command_line_itself() {
    // Without any platform: what is wrong is said, with the code for it.
    let nowhere = Cli::of_url("http://127.0.0.1:9/api", "dtn_secret_of_nobody");
    let unreachable = nowhere.refused(3, &["region", "list"]);
    assert!(unreachable.contains("cannot reach http://127.0.0.1:9"), "{unreachable}");
    assert!(!unreachable.contains("dtn_secret"), "{unreachable}");
    let wrong = Cli::of_url("example.org", "x").refused(2, &["region", "list"]);
    assert!(wrong.contains("http://"), "{wrong}");
    let keyless = Cli::of_url("http://127.0.0.1:9/api", "").refused(2, &["region", "list"]);
    assert!(keyless.contains("--api-key"), "{keyless}");
    assert!(
        nowhere
            .refused(2, &["sandbox", "create", "--no-such-option"])
            .contains("--no-such-option")
    );

    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef sandbar"),
        ("fish", "complete -c sandbar"),
    ] {
        let script = nowhere.ok(&["completion", shell]);
        assert!(
            script.contains(mark) && script.contains("rotate-token"),
            "{shell}: {} bytes",
            script.len()
        );
    }
    // Every argument of every command says what it is, and no help shows a key of the environment.
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = nowhere.ok(&arguments);
        seen += 1;
        assert!(!help.contains("dtn_secret"), "{path:?}: {help}");
        for line in help.lines() {
            let bare = line.trim();
            let argument =
                bare.starts_with('<') || bare.starts_with('[') && !bare.contains(": ") || bare.starts_with("--");
            assert!(
                !argument || bare.contains("  ") || described_below(&help, line),
                "{path:?}: {bare} says nothing"
            );
        }
        for name in subcommands(&help) {
            open.push(path.iter().cloned().chain([name]).collect());
        }
    }
    assert!(seen > 50, "only {seen} commands");
}

/// Long help puts the words into the next line.
fn described_below(help: &str, line: &str) -> bool {
    let mut lines = help.lines().skip_while(|one| *one != line);
    let indent = |text: &str| text.len() - text.trim_start().len();
    lines
        .nth(1)
        .is_some_and(|next| indent(next) > indent(line) && !next.trim().is_empty())
}

fn subcommands(help: &str) -> Vec<String> {
    let names = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    names
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_table_follows_a_machine() {
    let platform = platform();
    let cli = Cli::of(&platform);
    let region = sandbar_tests::make_region(&platform.api(), "lab");
    let runner = RunnerProcess::start(
        &platform,
        &region,
        "machine",
        &["--cpu", "8", "--memory", "16", "--disk", "100"],
    );
    cli.ok(&["sandbox", "create", "--target", "lab"]);
    let list = cli.ok(&["runner", "list", "--region", "lab"]);
    assert!(has_row(&list, &["machine", "ready", "1/8", "1/16", "3/100"]), "{list}");
    assert!(cli.ok(&["region", "list"]).contains("reachable"));
    let shown = cli.ok(&["runner", "show", &runner.id]);
    assert!(
        shown.contains("serviceHealth") && shown.contains("leaseUntil"),
        "{shown}"
    );
}
