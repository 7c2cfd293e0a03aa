//! Runner machines: a remote one beside a local one, and how soon a dead one is noticed.

use crate::stats::Samples;
use crate::{Plan, say};
use sandbar_tests::{Platform, RunnerProcess, make_region};
use serde_json::{Value, json};
use std::time::Duration;

/// Silence after which nobody waits any longer for the verdict.
const NOTICED_WITHIN: Duration = Duration::from_secs(120);

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let region = make_region(&api, "bench");
    let mut runner = RunnerProcess::start(
        platform,
        &region,
        "remote",
        &["--cpu-ratio", "500", "--memory-ratio", "50"],
    );
    if plan.wants("remote") {
        let near = api.create(&json!({ "target": "us" }));
        let far = api.create(&json!({ "target": region }));
        let (mut local, mut remote) = (Samples::default(), Samples::default());
        for round in 0..plan.samples(500) + 20 {
            for (sandbox, samples) in [(&near, &mut local), (&far, &mut remote)] {
                let mut one = Samples::default();
                let answer = one.time(|| api.exec(sandbox, "true"));
                assert_eq!(answer.json["exitCode"], 0, "{}", answer.text);
                if round >= 20 {
                    samples.push(one.percentile(0.5));
                }
            }
        }
        let ratio = remote.median() / local.median().max(f64::EPSILON);
        say(&format!("exec of `true`, local runner        {local}"));
        say(&format!(
            "  through a remote runner           {remote}  remote / local: {ratio:.2}"
        ));
    }
    if plan.wants("death") {
        let mut noticed: Vec<String> = Vec::new();
        for wanted in ["suspect", "disconnected"] {
            if runner.pid() == 0 {
                runner.run();
            }
            runner.wait_until(NOTICED_WITHIN, "ready again", |now| verdict(now) == "ready");
            runner.kill();
            let took = runner.wait_until(NOTICED_WITHIN, wanted, |now| verdict(now) == wanted);
            noticed.push(format!("{wanted} after {:.1} s", took.as_secs_f64()));
        }
        say(&format!("a runner's death is noticed         {}", noticed.join(", ")));
    }
}

fn verdict(runner: &Value) -> &str {
    runner["verdict"]["name"].as_str().unwrap_or_default()
}
