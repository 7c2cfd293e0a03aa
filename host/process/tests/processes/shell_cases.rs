//! Every recorded case of `components/shell/tests/cases` through the compiled shell: same output, same exit code as
//! bash.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use sandbar_process::Exec;

use crate::userland::userland;
use crate::world::{workspace, world};

/// Longer than any case needs, even on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);
/// Cases that run at once: most of them wait for a process that starts.
const AT_ONCE: usize = 4;

fn scripts() -> Vec<PathBuf> {
    let entries = |directory: &Path| -> Vec<PathBuf> {
        fs::read_dir(directory)
            .expect("the cases are part of the project")
            .map(|entry| entry.expect("readable").path())
            .collect()
    };
    let groups = entries(&workspace().join("components/shell/tests/cases"));
    let mut all: Vec<_> = groups.iter().flat_map(|group| entries(group)).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "sh"));
    all.sort();
    all
}

/// What differs, if anything does.
async fn difference(script: &Path) -> Option<String> {
    let expected = fs::read(script.with_extension("out")).expect("a recorded output");
    let code = fs::read_to_string(script.with_extension("code")).expect("a recorded code");
    let code: i32 = code.trim().parse().expect("a number");
    let fixture = userland();
    let tree = fixture.sandbox.tree();
    tree.write_file("/case.sh", &fs::read(script).expect("a script"), 0o644)
        .expect("written");
    tree.create_dir("/work", 0o755).expect("made");
    let variables = [("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("LC_ALL", "C.UTF-8")];
    let exec = Exec {
        arguments: ["sh", "-c", "exec sh /case.sh 2> /dev/null"].map(str::to_owned).into(),
        environment: variables.map(|(name, value)| (name.into(), value.into())).into(),
        directory: "/work".into(),
        stdin: Bytes::new(),
        timeout: Some(DEADLINE),
        output_limit: 1 << 20,
    };
    let outcome = fixture.sandbox.exec(exec).await.expect("starts");
    let same = outcome.output == expected && outcome.status.code() == code && !outcome.timed_out;
    (!same).then(|| {
        format!(
            "{}: {:?}{}, expected {code}\n--- expected\n{}--- output\n{}",
            script.display(),
            outcome.status,
            if outcome.timed_out { " (out of time)" } else { "" },
            String::from_utf8_lossy(&expected),
            String::from_utf8_lossy(&outcome.output),
        )
    })
}

#[test]
fn every_case_of_the_shell_behaves_as_in_bash() {
    let mut all = scripts();
    // The shell's own tests see to it that this list stays true.
    let known = workspace().join("components/shell/tests/known.txt");
    let known = fs::read_to_string(known).expect("the list of known differences");
    let known: Vec<&str> = known
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    all.retain(|script| !known.iter().any(|name| script.ends_with(format!("{name}.sh"))));
    assert!(all.len() >= 200, "only {} cases", all.len());
    let differences = stream::iter(&all)
        .map(|script| difference(script))
        .buffer_unordered(AT_ONCE)
        .filter_map(|difference| async { difference });
    let mut failed: Vec<String> = world().runtime.block_on(differences.collect());
    failed.sort();
    assert!(
        failed.is_empty(),
        "{} of {} cases differ from bash:\n\n{}",
        failed.len(),
        all.len(),
        failed.join("\n")
    );
}
