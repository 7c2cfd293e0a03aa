//! `pip` inside a sandbox, from an index on loopback that serves what this machine's own pip has downloaded.

use sandbar_tests::{Api, Platform, Settings, root};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Packages that are checked at once: each needs a CPU most of the time.
const AT_ONCE: usize = 3;
/// One package with all that it needs, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(90);

struct Index {
    child: Child,
    port: u16,
}

impl Index {
    fn start() -> Index {
        let packages = root().join("target/sdk/packages");
        assert!(
            packages.is_dir(),
            "no packages in {}: `cargo xtask test` downloads them",
            packages.display()
        );
        let mut child = Command::new("python3")
            .arg(root().join("tests/functional/packages/index.py"))
            .arg(&packages)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 of this machine");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("its port");
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the index says {line:?}"));
        Index { child, port }
    }

    fn platform(&self) -> Platform {
        Platform::start_with(Settings {
            data: None,
            arguments: vec!["--egress-allow".to_owned(), format!("127.0.0.1:{}", self.port)],
        })
    }

    fn variables(&self) -> Value {
        json!({
            "PIP_INDEX_URL": format!("http://127.0.0.1:{}/simple", self.port),
            "PIP_TRUSTED_HOST": "127.0.0.1",
        })
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox that asks the index.
struct Shell<'a> {
    api: &'a Api,
    sandbox: Value,
    variables: Value,
}

impl Shell<'_> {
    fn run(&self, command: &str) -> (i64, String) {
        let body = json!({ "command": command, "envs": self.variables, "timeout": LIMIT.as_secs() });
        let answer = self.api.exec_with(&self.sandbox, body);
        assert_eq!(answer.status, 200, "{command}: {}", answer.text);
        (
            answer.json["exitCode"].as_i64().unwrap_or(-1),
            answer.json["result"].as_str().unwrap_or_default().to_owned(),
        )
    }

    fn ok(&self, command: &str) -> String {
        let (code, text) = self.run(command);
        assert_eq!(code, 0, "{command}:\n{text}");
        text
    }

    fn fails(&self, command: &str) -> String {
        let (code, text) = self.run(command);
        assert_ne!(code, 0, "{command}:\n{text}");
        text
    }
}

#[test]
fn pip_installs_shows_and_removes() {
    let index = Index::start();
    let platform = index.platform();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let shell = Shell {
        api: &api,
        sandbox,
        variables: index.variables(),
    };

    let version = shell.ok("pip --version");
    assert!(
        version.starts_with("pip ") && version.trim_end().ends_with("(python 3.14)"),
        "{version}"
    );
    assert_eq!(version, shell.ok("pip3 --version"));
    assert_eq!(version, shell.ok("python3 -m pip --version"));

    // Versions; commands on PATH; bytecode beside what was installed.
    let none = shell.fails("pip install six==0.0.1");
    assert!(none.contains("No matching distribution found for six==0.0.1"), "{none}");
    shell.ok("pip install -q six==1.17.0 idna");
    assert_eq!(
        shell.ok("python3 -c 'import six; print(six.__version__, six.__file__)'"),
        "1.17.0 /usr/local/lib/python3.14/site-packages/six.py\n"
    );
    assert!(shell.ok("idna encode bücher.example").contains("xn--bcher-kva.example"));
    assert!(
        shell
            .ok("ls /usr/local/lib/python3.14/site-packages/__pycache__")
            .contains("six.cpython-314.pyc")
    );
    let list = shell.ok("pip list --format=freeze");
    assert!(list.contains("six==1.17.0") && list.contains("pip=="), "{list}");
    assert!(!shell.ok("pip freeze").contains("pip=="));
    assert!(shell.ok("pip show six").contains("Version: 1.17.0"));
    assert!(
        shell
            .ok("pip uninstall -y six")
            .contains("Successfully uninstalled six-1.17.0")
    );
    shell.fails("python3 -c 'import six'");

    // Hashes: the right one, and a wrong one.
    let hash = "$(pip download -q --no-deps -d d six && sha256sum d/six-*.whl | cut -d' ' -f1)";
    shell.ok(&format!(
        "echo six==1.17.0 --hash=sha256:{hash} > r.txt && pip install -q --require-hashes -r r.txt"
    ));
    shell.ok("pip uninstall -q -y six && sed -i 's/sha256:..../sha256:0000/' r.txt");
    let wrong = shell.fails("pip install --require-hashes -r r.txt");
    assert!(wrong.contains("DO NOT MATCH THE HASHES"), "{wrong}");

    // Other places.
    shell.ok("pip install -q -t lib six");
    assert_eq!(
        shell.ok("PYTHONPATH=lib python3 -c 'import six; print(six.__file__)'"),
        "/home/daytona/lib/six.py\n"
    );
    shell.ok("pip install -q --user six");
    assert_eq!(
        shell.ok("python3 -c 'import six; print(six.__file__)'"),
        "/home/daytona/.local/lib/python3.14/site-packages/six.py\n"
    );
    shell.fails("python3 -s -c 'import six'");

    // What cannot be here says so.
    let native = shell.fails("pip install dummynative");
    assert!(native.contains("dummynative is made of native code"), "{native}");
    let unknown = shell.fails("pip install nobody-has-this");
    assert!(
        unknown.contains("No matching distribution found for nobody-has-this"),
        "{unknown}"
    );
    shell.ok("mkdir -p rust && printf '[build-system]\\nrequires = [\"maturin>=1\"]\\nbuild-backend = \"maturin\"\\n[project]\\nname = \"rusty\"\\nversion = \"1\"\\n' > rust/pyproject.toml");
    let native = shell.fails("pip install ./rust");
    assert!(native.contains("is made of native code"), "{native}");
}

#[test]
fn environments_projects_and_source_packages_work() {
    let index = Index::start();
    let platform = index.platform();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let shell = Shell {
        api: &api,
        sandbox,
        variables: index.variables(),
    };

    shell.ok("python3 -m venv env");
    shell.ok("env/bin/pip install -q six");
    assert_eq!(
        shell.ok("env/bin/python -c 'import six, sys; print(six.__file__, sys.prefix, sys.base_prefix)'"),
        "/home/daytona/env/lib/python3.14/site-packages/six.py /home/daytona/env /usr/local\n"
    );
    shell.fails("python3 -c 'import six'");
    assert_eq!(
        shell.ok(". env/bin/activate && python -c 'import sys; print(sys.prefix)' && deactivate && python -c 'import sys; print(sys.prefix)'"),
        "/home/daytona/env\n/usr/local\n"
    );

    shell.ok(
        "mkdir -p project/src/hello && cd project && echo 'def main(): print(\"hello\")' > src/hello/__init__.py && \
         printf '[build-system]\\nrequires = [\"setuptools\"]\\nbuild-backend = \"setuptools.build_meta\"\\n\
         [project]\\nname = \"hello\"\\nversion = \"0.1\"\\n[project.scripts]\\nhello = \"hello:main\"\\n' > pyproject.toml",
    );
    shell.ok("pip install -q -e project");
    assert_eq!(shell.ok("hello"), "hello\n");
    shell.ok("echo 'def main(): print(\"changed\")' > project/src/hello/__init__.py");
    assert_eq!(shell.ok("hello"), "changed\n");
    shell.ok("pip uninstall -q -y hello && pip install -q ./project");
    assert_eq!(shell.ok("cd / && hello"), "changed\n");

    // A source package whose native part is a choice: it does without.
    shell.ok("pip install -q markupsafe");
    assert_eq!(
        shell.ok("python3 -c 'import markupsafe; print(markupsafe.escape(\"<\"))'"),
        "&lt;\n"
    );
}

/// A line of `checks.txt`.
struct Check {
    project: String,
    /// A word of the reason why it does not work.
    fails: Option<String>,
    code: String,
}

fn checks() -> Vec<Check> {
    let wide = std::env::var_os("SANDBAR_WIDE_PACKAGES").is_some();
    let text = include_str!("packages/checks.txt");
    let lines = text.lines().filter_map(|line| line.split_once(" | "));
    lines
        .filter_map(|(head, code)| {
            let mut words = head.split_whitespace();
            let project = words.next()?.to_owned();
            let fails = match words.next()? {
                "core" => None,
                "wide" if wide => None,
                "no" if wide => words.next().map(str::to_owned),
                _ => return None,
            };
            Some(Check {
                project,
                fails,
                code: code.to_owned(),
            })
        })
        .collect()
}

fn check(shell: &Shell<'_>, check: &Check) -> Result<(), String> {
    let name = &check.project;
    let command = format!(
        "python3 -m venv {name} && {name}/bin/pip install -q {name} && {name}/bin/python - <<'END'\n{}\nEND",
        check.code
    );
    let (code, text) = shell.run(&command);
    match &check.fails {
        None if code == 0 => Ok(()),
        Some(word) if code != 0 && text.contains(word.as_str()) => Ok(()),
        Some(word) => Err(format!("{name} should fail for {word}: {code}\n{text}")),
        None => Err(format!("{name}: {code}\n{text}")),
    }
}

#[test]
fn the_most_downloaded_packages_install_and_work() {
    let index = Index::start();
    let platform = index.platform();
    let api = platform.api();
    let checks = checks();
    let (next, failures) = (Mutex::new(checks.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let shell = Shell {
                    api: &api,
                    sandbox: api.create(&json!({})),
                    variables: index.variables(),
                };
                loop {
                    let one = next.lock().expect("no panic").next();
                    let Some(one) = one else { break };
                    let started = Instant::now();
                    let result = check(&shell, one);
                    eprintln!("{} {:?} {}", one.project, started.elapsed(), result.is_ok());
                    if let Err(reason) = result {
                        failures.lock().expect("no panic").push(reason);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        checks.len(),
        failures.join("\n")
    );
}
