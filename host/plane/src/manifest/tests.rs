use super::*;

const GOOD: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
[variables]
origin = { default = "http://here" }
secret = { required = true, secret = true }
[[trigger.http]]
route = "/api/..."
component = "api"
[[trigger.http]]
route = "/hello"
static_response = { body = "hi" }
[component.api]
source = "wasm/api.wasm"
[component.api.variables]
url = "{{ origin }}/toolbox"
[component.api.dependencies]
"x:region/rules@0.1.0" = { component = "region" }
[component.region]
source = "wasm/region.wasm"
"#;

fn parse_with(text: &str) -> Result<Application, PlaneError> {
    let overrides = BTreeMap::from([("secret".to_owned(), "s".to_owned())]);
    parse(text, Path::new("/app/spin.toml"), &overrides)
}

/// The text of the refusal of `GOOD` with `from` replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the test replaces something that is there");
    match parse_with(&GOOD.replacen(from, to, 1)) {
        Ok(_) => panic!("accepted with {to}"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn resolves_sources_templates_and_dependencies() {
    let app = parse_with(GOOD).expect("a good manifest");
    let api = &app.components["api"];
    assert_eq!(api.source, Path::new("/app/wasm/api.wasm"));
    assert_eq!(api.variables["url"], "http://here/toolbox");
    assert_eq!(
        api.dependencies["x:region/rules@0.1.0"],
        Path::new("/app/wasm/region.wasm")
    );
    assert!(!app.components.contains_key("region"), "a dependency answers no route");
    assert!(matches!(&app.routes[1].target, Target::Static { status: 200, body, .. } if body == "hi"));
}

#[test]
fn an_override_wins_over_the_default() {
    let overrides = BTreeMap::from([("secret".into(), "s".into()), ("origin".into(), "http://there".into())]);
    let app = parse(GOOD, Path::new("spin.toml"), &overrides).expect("a good manifest");
    assert_eq!(app.components["api"].variables["url"], "http://there/toolbox");
}

#[test]
fn unknown_keys_are_refused_with_key_and_place() {
    for (from, to, key) in [
        ("name = \"app\"", "name = \"app\"\nnmae = \"x\"", "nmae"),
        (
            "source = \"wasm/api.wasm\"",
            "source = \"wasm/api.wasm\"\nfiles = []",
            "files",
        ),
        (
            "component = \"region\"",
            "component = \"region\", inherit = true",
            "inherit",
        ),
        ("[variables]", "[variabels]", "variabels"),
        ("route = \"/hello\"", "route = \"/hello\"\ntimeout = 3", "timeout"),
    ] {
        let text = refusal(from, to);
        assert!(text.contains(key) && text.contains("line"), "{text}");
    }
}

#[test]
fn broken_rules_are_named() {
    for (from, to, says) in [
        ("spin_manifest_version = 2", "spin_manifest_version = 1", "only 2"),
        ("component = \"api\"", "component = \"apy\"", "`apy`"),
        ("{ component = \"region\" }", "{ component = \"nowhere\" }", "nowhere"),
        ("{ component = \"region\" }", "{}", "either"),
        ("{{ origin }}", "{{ origni }}", "origni"),
        ("route = \"/hello\"", "route = \"hello\"", "start with"),
        ("route = \"/hello\"", "route = \"/.well-known/spin/x\"", "well-known"),
        ("route = \"/hello\"", "route = { private = false }", "private"),
        (
            "source = \"wasm/region.wasm\"",
            "source = \"wasm/region.wasm\"\nkey_value_stores = [\"default\"]",
            "its own",
        ),
        ("origin = { default = \"http://here\" }", "origin = {}", "default"),
        ("origin = { default", "Origin = { default", "lower_snake"),
        (
            "\"x:region/rules@0.1.0\" = { component = \"region\" }",
            "\"x:region/rules@0.1.0\" = { component = \"region\" }\n\"x:region/more@0.1.0\" = { component = \"region\" }",
            "package `x:region`",
        ),
    ] {
        let text = refusal(from, to);
        assert!(text.contains(says), "{to}: {text}");
    }
}

#[test]
fn variables_must_be_given_and_known() {
    let none = parse(GOOD, Path::new("spin.toml"), &BTreeMap::new()).expect_err("`secret` is required");
    assert!(none.to_string().contains("secret"), "{none}");
    let extra = BTreeMap::from([("secret".into(), "s".into()), ("other".into(), "x".into())]);
    let error = parse(GOOD, Path::new("spin.toml"), &extra).expect_err("`other` is not declared");
    assert!(error.to_string().contains("other"), "{error}");
}

#[test]
fn the_repository_manifest_is_accepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml");
    let app = load(&path, &BTreeMap::new()).expect("the application of this repository");
    assert_eq!(app.components.keys().collect::<Vec<_>>(), ["api"]);
    assert_eq!(app.components["api"].dependencies.len(), 5);
}
