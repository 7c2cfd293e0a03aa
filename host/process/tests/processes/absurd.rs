//! What asks a tool for far too much ends by itself, with a reason or for want of memory, and leaves the sandbox to others.

use crate::userland::userland;

/// How long each may take, in seconds; what does not end is the caller's to end, as on any machine.
const PATIENCE: u32 = 40;

fn ends(script: &str, statuses: &[i32], words: &str) {
    let fixture = userland();
    let quoted = script.replace('\'', r"'\''");
    let (code, text) = fixture.sh(&format!(
        "timeout {PATIENCE} sh -c '{quoted}' 2>&1 | tail -c 2000; exit ${{PIPESTATUS[0]}}"
    ));
    assert!(
        statuses.contains(&code) && text.contains(words),
        "{script}: {code}, {text}"
    );
    let (code, text) = fixture.sh("echo alive");
    assert_eq!((code, text.as_str()), (0, "alive\n"), "after {script}");
    fixture.assert_clean();
}

/// Killed for want of memory, or refused before.
const NO_MEMORY: &[i32] = &[1, 2, 5, 134, 137];

#[test]
fn values_without_an_end() {
    ends("jq -n '[range(1e12)] | length'", NO_MEMORY, "");
    ends("jq -n '\"x\" * 1e10 | length'", NO_MEMORY, "");
    ends("awk 'BEGIN { s = \"x\"; while (1) s = s s }'", NO_MEMORY, "");
    ends("awk 'BEGIN { for (;;) a[i++] = i }'", NO_MEMORY, "");
    ends("x=x; while :; do x=$x$x; done", &[1], "expansion too long");
    ends("echo {1..1000000000} | wc -c", &[0], "too many words");
    ends("printf '%1000000000s' x | wc -c", &[0], "a field has at most");
    ends(
        "printf '%.2000000s' \"$(head -c 1100000 /dev/zero | tr '\\0' x)\" | wc -c",
        &[0],
        "1100000",
    );
    ends("awk 'BEGIN { printf \"%2000000000d\", 1 }'", &[2], "at most");
    ends("awk 'BEGIN { printf \"%70000d\", 1 }' | wc -c", &[0], "70000");
    ends("echo '9^9^9' | bc", &[0, 1], "exponent too large");
}

#[test]
fn calls_without_an_end() {
    ends("jq -n 'def f: 1 + f; f'", &[5, 134, 139], "");
    ends(
        "awk 'function f(n) { return f(n + 1) } BEGIN { f(1) }'",
        &[2],
        "too deep",
    );
    ends(
        "echo 'define f(x) { return f(x) }; f(1)' | bc",
        &[0, 1],
        "too many calls",
    );
    ends("f() { f; }; f", &[1], "maximum nesting level");
    ends("eval \"$(printf '{ %.0s' $(seq 100000))\"", &[2], "nesting too deep");
}

#[test]
fn patterns_that_explode_elsewhere() {
    let text = "a".repeat(60);
    ends(&format!("echo {text} | grep -E '(a*)*b'"), &[1], "");
    ends(&format!("echo {text} | sed -nE 's/(a*)*b/x/p'"), &[0], "");
    ends(&format!("echo {text} | awk '/(a*)*b/'"), &[0], "");
    ends(
        "echo a | grep -E '(((a{1,100}){1,100}){1,100}){1,100}'",
        &[2],
        "size limit",
    );
    ends(
        "find / -maxdepth 2 -name '********************************************b' | wc -l",
        &[0],
        "",
    );
}
