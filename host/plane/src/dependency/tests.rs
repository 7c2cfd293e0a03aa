use std::time::Duration;

use super::*;

const INTERFACE: &str = "test:sum/sums@0.1.0";

/// A component whose one function `add` has the given body, on locals 0 and 1.
fn component(engine: &ControlEngine, body: &str) -> Component {
    let text = format!(
        r#"(component
            (core module $m
                (global $calls (mut i32) (i32.const 0))
                (func (export "add") (param i32 i32) (result i32) {body}))
            (core instance $i (instantiate $m))
            (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
            (instance $sums (export "add" (func $add)))
            (export "{INTERFACE}" (instance $sums)))"#
    );
    Component::new(engine.wasmtime(), text).expect("the test's component compiles")
}

const ADD: &str = "(i32.add (local.get 0) (local.get 1))";
const TRAP: &str = "unreachable";
const LOOP: &str = "(loop (br 0)) unreachable";
/// Answers how often this very instance was called.
const COUNT: &str = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls)";

fn provider(engine: &ControlEngine, body: &str) -> Arc<Provider> {
    let component = component(engine, body);
    Provider::with_time(engine, body, INTERFACE, &component, Duration::from_millis(60))
        .expect("it exports the interface")
}

async fn add(bridge: &Arc<Bridge>) -> Result<u32, CallError> {
    match bridge.call("add", vec![Val::U32(2), Val::U32(3)]).await?.first() {
        Some(Val::U32(sum)) => Ok(*sum),
        other => panic!("not a number: {other:?}"),
    }
}

fn engine() -> ControlEngine {
    ControlEngine::new().expect("an engine")
}

#[tokio::test]
async fn answers_and_reuses_the_instance() {
    let engine = engine();
    let metrics = Metrics::default();
    let bridge = Bridge::new(INTERFACE, vec![provider(&engine, ADD)], &metrics);
    assert_eq!(add(&bridge).await.expect("an answer"), 5);
    let counting = Bridge::new(INTERFACE, vec![provider(&engine, COUNT)], &metrics);
    for call in 1..=3 {
        assert_eq!(add(&counting).await.expect("an answer"), call);
    }
}

#[tokio::test]
async fn a_trap_discards_the_instance_and_the_default_answers() {
    let engine = engine();
    let metrics = Metrics::default();
    let broken = provider(&engine, TRAP);
    let alone = Bridge::new(INTERFACE, vec![Arc::clone(&broken)], &metrics);
    assert!(matches!(add(&alone).await, Err(CallError::Trap(_))));
    assert_eq!(broken.idle(), 0);
    let backed = Bridge::new(INTERFACE, vec![broken, provider(&engine, ADD)], &metrics);
    assert_eq!(add(&backed).await.expect("the default answers"), 5);
    assert!(metrics.render().contains(&format!(
        "sandbar_dependency_fallbacks_total{{interface=\"{INTERFACE}\"}} 1\n"
    )));
}

#[tokio::test]
async fn an_endless_loop_is_stopped_and_the_default_answers() {
    let engine = engine();
    let slow = provider(&engine, LOOP);
    let bridge = Bridge::new(
        INTERFACE,
        vec![Arc::clone(&slow), provider(&engine, ADD)],
        &Metrics::default(),
    );
    let start = std::time::Instant::now();
    assert_eq!(add(&bridge).await.expect("the default answers"), 5);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(slow.idle(), 0);
    let alone = Bridge::new(INTERFACE, vec![slow], &Metrics::default());
    assert!(matches!(add(&alone).await, Err(CallError::Late(_))));
}

#[tokio::test]
async fn many_calls_at_once_each_have_an_instance() {
    let engine = engine();
    let adding = provider(&engine, ADD);
    let bridge = Bridge::new(INTERFACE, vec![Arc::clone(&adding)], &Metrics::default());
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let bridge = Arc::clone(&bridge);
            tokio::spawn(async move { add(&bridge).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.expect("no panic").expect("an answer"), 5);
    }
    assert!((1..=crate::limits::DEPENDENCY_POOL).contains(&adding.idle()));
}

#[test]
fn a_component_without_the_interface_is_refused() {
    let engine = engine();
    let component = component(&engine, ADD);
    let error = Provider::new(&engine, "sum", "test:other/sums@0.1.0", &component)
        .err()
        .expect("refused");
    assert!(error.contains("test:other/sums@0.1.0"), "{error}");
}

/// A component of the build: the schedulers, whose contract policies are about.
fn built(engine: &ControlEngine, name: &str) -> Component {
    let directory = std::env::var_os("SANDBAR_COMPONENTS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components"),
        std::path::PathBuf::from,
    );
    let path = directory.join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo xtask build` makes it", path.display());
    });
    Component::new(engine.wasmtime(), bytes).expect("it compiles")
}

fn record(fields: &[(&str, Val)]) -> Val {
    Val::Record(
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

fn amounts(each: u64) -> Val {
    record(&[
        ("cpu-milli", Val::U64(each)),
        ("memory-mib", Val::U64(each)),
        ("disk-mib", Val::U64(each)),
    ])
}

fn candidate(id: &str, sold: u64) -> Val {
    record(&[
        ("id", Val::String(id.to_owned())),
        ("unschedulable", Val::Bool(false)),
        ("draining", Val::Bool(false)),
        ("healthy", Val::Bool(true)),
        ("last-report", Val::U64(1_000_000)),
        ("allocatable", amounts(100_000)),
        ("sold", amounts(sold)),
        ("started-sandboxes", Val::U32(1)),
        ("cpu-used", Val::Float64(1.0)),
        ("memory-used", Val::Float64(1.0)),
        ("disk-used", Val::Float64(1.0)),
        ("load", Val::Float64(0.0)),
        ("has-snapshot", Val::Bool(true)),
    ])
}

fn placing(policy: &str, seed: u64) -> Vec<Val> {
    let limits = record(&[
        ("suspect-after", Val::U64(10_000)),
        ("disconnected-after", Val::U64(30_000)),
        ("lost-after", Val::U64(900_000)),
        ("brake-share", Val::U32(0)),
        ("brake-least", Val::U32(2)),
    ]);
    let request = record(&[
        ("need", amounts(1_000)),
        ("now", Val::U64(1_000_100)),
        ("hearing-since", Val::U64(0)),
        ("limits", limits),
        ("seed", Val::U64(seed)),
        ("least-score", Val::U32(0)),
        ("policy", Val::String(policy.to_owned())),
        ("avoid", Val::List(Vec::new())),
    ]);
    vec![
        request,
        Val::List(vec![candidate("empty", 0), candidate("full", 50_000)]),
    ]
}

fn chosen(values: &[Val]) -> String {
    let [Val::Result(Ok(Some(choice)))] = values else {
        panic!("{values:?}")
    };
    match &**choice {
        Val::Record(fields) => match &fields[0].1 {
            Val::String(runner) => runner.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_brought_scheduler_answers_for_its_policy_only() {
    let engine = engine();
    let metrics = Metrics::default();
    let time = Duration::from_secs(5);
    let scheduler = |name: &str| {
        let component = built(&engine, name);
        Provider::with_time(&engine, name, PLACEMENT, &component, time).expect("a scheduler")
    };
    let policies = [("fullest".to_owned(), scheduler("scheduler_fullest.wasm"))].into();
    let policies = Policies::new(policies, &metrics);
    let bridge = Bridge::with_policies(PLACEMENT, vec![scheduler("scheduler.wasm")], policies, &metrics);
    // The default takes one at random among those that are good; the brought one is of another mind, always.
    let mut by_default = std::collections::BTreeSet::new();
    for seed in 0..16 {
        let values = bridge.call("place", placing("fullest", seed)).await.expect("an answer");
        assert_eq!(chosen(&values), "full", "seed {seed}");
        for policy in ["spread", "nobody's"] {
            let values = bridge.call("place", placing(policy, seed)).await.expect("an answer");
            by_default.insert(chosen(&values));
        }
    }
    assert!(
        by_default.contains("empty"),
        "the default answers for all others: {by_default:?}"
    );
    let text = metrics.render();
    assert!(
        text.contains("sandbar_policy_calls_total{policy=\"fullest\"} 16\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_brought_scheduler_that_fails_is_made_up_for_and_counted() {
    let engine = engine();
    let metrics = Metrics::default();
    // Whatever it is asked, it traps: it has the function's name, not its contract.
    let broken = Provider::new(&engine, "broken", INTERFACE, &component(&engine, TRAP)).expect("a component");
    let policies = [("broken".to_owned(), broken)].into();
    let usual = Provider::new(&engine, "usual", PLACEMENT, &built(&engine, "scheduler.wasm")).expect("a scheduler");
    let policies = Policies::new(policies, &metrics);
    let bridge = Bridge::with_policies(PLACEMENT, vec![usual], policies, &metrics);
    let values = bridge
        .call("place", placing("broken", 1))
        .await
        .expect("the usual one answers");
    assert!(["empty", "full"].contains(&chosen(&values).as_str()), "{values:?}");
    let text = metrics.render();
    assert!(
        text.contains("sandbar_policy_fallbacks_total{policy=\"broken\",reason=\"trap\"} 1\n"),
        "{text}"
    );
}
