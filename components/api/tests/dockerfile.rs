//! The texts that the SDK's Image class makes (recorded by `dockerfiles/record.py`), and ordinary hand-written ones.

use std::collections::BTreeMap;

use api::rules::dockerfile::{Action, Base, ImageConfig, MAX_STEPS, MAX_TEXT, Plan, plan};

fn recorded(name: &str) -> Plan {
    let path = format!("{}/tests/dockerfiles/{name}.Dockerfile", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    plan(&text, &[]).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn shell(command: &str) -> Action {
    Action::Run {
        argv: ["/bin/sh", "-c", command].map(str::to_owned).into(),
    }
}

fn copy(source: &str, destination: &str) -> Action {
    Action::Copy {
        sources: vec![source.to_owned()],
        destination: destination.to_owned(),
        mode: None,
        unpack: false,
    }
}

/// What is done, without notes.
fn actions(plan: &Plan) -> Vec<Action> {
    let done = plan.steps.iter().map(|step| step.action.clone());
    done.filter(|action| !matches!(action, Action::Note { .. })).collect()
}

fn notes(plan: &Plan) -> String {
    let reasons = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Note { reason } => Some(format!("{}: {reason}", step.line)),
        _ => None,
    });
    reasons.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_text_of_the_sdk_is_understood() {
    let directory = format!("{}/tests/dockerfiles", env!("CARGO_MANIFEST_DIR"));
    let names: Vec<String> = std::fs::read_dir(directory)
        .expect("the recorded texts")
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_suffix(".Dockerfile")
                .map(str::to_owned)
        })
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let plan = recorded(&name);
        assert_eq!(plan.base, Base::Userland, "{name}");
        assert!(
            matches!(plan.steps[0].action, Action::Note { .. }),
            "{name}: FROM is explained"
        );
    }
}

#[test]
fn packages_of_the_sdk_image() {
    let plan = recorded("slim");
    assert_eq!(
        actions(&plan),
        [
            shell("apt-get update"),
            shell("apt-get install -y gcc gfortran build-essential"),
            shell("echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections"),
        ]
    );
    assert!(plan.commands.contains_key("apt-get") && plan.commands.contains_key("debconf-set-selections"));
    let notes = notes(&plan);
    assert!(
        notes.contains("1: python:3.12.10-slim-bookworm is a Linux image"),
        "{notes}"
    );
    assert!(notes.contains("4: the base's pip stays"), "{notes}");
    let pip = recorded("pip");
    assert_eq!(
        actions(&pip).last(),
        Some(&shell(
            "python -m pip install 'requests>=2' 'rich[jupyter]' six --find-links '/wheels dir' --index-url http://127.0.0.1:1/simple --extra-index-url http://127.0.0.1:2/s --pre --no-deps"
        ))
    );
}

#[test]
fn files_of_the_sdk_image() {
    assert_eq!(
        actions(&recorded("files")),
        [
            copy("my file.txt", "/home/daytona/my file.txt"),
            copy("src", "/home/daytona/src"),
        ]
    );
    assert_eq!(
        actions(&recorded("requirements"))[0],
        copy("requirements.txt", "/.requirements.txt")
    );
    assert_eq!(
        actions(&recorded("own")),
        [copy("src", "/app/src/"), copy("requirements.txt", "/app/")]
    );
    assert!(recorded("files").copies() && !recorded("slim").copies());
}

#[test]
fn commands_and_settings_of_the_sdk_image() {
    assert_eq!(
        actions(&recorded("commands")),
        [
            shell("echo $HOME && ls -l | wc -l"),
            shell(r#""bash" "-c" "echo it\'s \\\"quoted\\\" $PATH""#),
            shell("cat <<< word"),
        ]
    );
    let config = recorded("settings").config;
    let env = [
        ("PLAIN", "a"),
        ("BLANK", "a b"),
        ("QUOTE", "it's"),
        ("DOLLAR", "$HOME"),
        ("EMPTY", ""),
    ];
    let env: BTreeMap<String, String> = env.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(config.env, env);
    assert_eq!(config.workdir.as_deref(), Some("/home/daytona/my work"));
    assert_eq!(config.entrypoint, ["/bin/sh", "-c", "sleep infinity"]);
    assert_eq!(config.cmd, ["a", "b c"]);
    assert_eq!(recorded("dockerfile_commands").config.user.as_deref(), Some("daytona"));
}

#[test]
fn a_hand_written_file() {
    let text = r#"# syntax=docker/dockerfile:1
ARG VERSION=3.14
ARG REST
FROM --platform=linux/amd64 python:${VERSION}-slim AS app

LABEL org.opencontainers.image.title="an app" a=b
ENV APP_HOME=/srv/app \
    PATH=/opt/bin:$PATH
ENV OLD style value
ARG VERSION
ARG DEBUG=$VERSION-x
WORKDIR $APP_HOME
WORKDIR sub/../lib
COPY --chown=1000 --chmod=640 *.py conf?/ ./
ADD data.tar.gz /data/
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN set -e; \
    # why
    echo "$DEBUG" \
    && true
RUN --mount=type=cache,target=/root/.cache ["python", "-c", "print(1)"]
EXPOSE 80/tcp
HEALTHCHECK CMD true
USER nobody
ENTRYPOINT python -m app
cmd ["--port", "80"]
"#;
    let plan = plan(text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let run = |argv: &[&str]| Action::Run {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
    };
    let set = |name: &str, value: &str| Action::Env {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let arg = |name: &str, value: &str| Action::Arg {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let workdir = |path: &str| Action::Workdir { path: path.to_owned() };
    let files = |sources: &[&str], destination: &str, mode, unpack| Action::Copy {
        sources: sources.iter().map(|&source| source.to_owned()).collect(),
        destination: destination.to_owned(),
        mode,
        unpack,
    };
    assert_eq!(
        actions(&plan),
        [
            set("APP_HOME", "/srv/app"),
            set("PATH", "/opt/bin:/usr/local/bin:/usr/bin:/bin"),
            set("OLD", "style value"),
            arg("VERSION", "3.14"),
            arg("DEBUG", "3.14-x"),
            workdir("/srv/app"),
            workdir("/srv/app/lib"),
            files(&["*.py", "conf?"], "/srv/app/lib/", Some(0o640), false),
            files(&["data.tar.gz"], "/data/", None, true),
            run(&[
                "/bin/bash",
                "-o",
                "pipefail",
                "-c",
                "set -e;     echo \"$DEBUG\"     && true"
            ]),
            run(&["python", "-c", "print(1)"]),
        ]
    );
    assert_eq!(
        plan.config.entrypoint,
        ["/bin/bash", "-o", "pipefail", "-c", "python -m app"]
    );
    assert_eq!(plan.config.cmd, ["--port", "80"]);
    assert_eq!(plan.config.user.as_deref(), Some("nobody"));
    let notes = notes(&plan);
    for part in [
        "labels of images",
        "--chown has no effect",
        "type=cache",
        "every port",
        "health checks",
    ] {
        assert!(notes.contains(part), "{part} in:\n{notes}");
    }
    let step = serde_json::to_value(&plan.steps[1]).expect("JSON");
    assert_eq!(step["action"], "note", "{step}");
}

#[test]
fn what_cannot_be_fulfilled_names_line_reason_and_next_step() {
    for (text, line, parts) in [
        ("FROM ruby:3\n", 1, ["ruby:3", "sandbar-base, python, debian"]),
        ("\nRUN a\n", 2, ["before FROM", "FROM sandbar-base"]),
        ("", 1, ["no FROM", "FROM sandbar-base"]),
        (
            "FROM debian AS a\nRUN x\nFROM debian\n",
            3,
            ["one stage", "keep the stage"],
        ),
        (
            "FROM debian\nCOPY --from=a /x /y\n",
            2,
            ["uploaded context", "upload them"],
        ),
        ("FROM debian\nRUN <<EOF\necho\n", 2, ["<<EOF has no end", "EOF alone"]),
        ("FROM debian\nCOPY <<X\nX\n", 2, ["no destination", "COPY <<EOF /path"]),
        (
            "FROM debian\nADD https://example.com/x /x\n",
            2,
            ["not a local file", "RUN curl"],
        ),
        (
            "FROM debian\nRUN --mount=type=secret,id=x true\n",
            2,
            ["--mount", "leave it out"],
        ),
        ("FROM debian\nRUN\n", 2, ["no command", "write RUN command"]),
        ("FROM debian\nFETCH x\n", 2, ["FETCH is no instruction", "correct it"]),
        ("FROM debian\nENV 1=2\n", 2, ["not a name", "no digit first"]),
        ("FROM debian\nENV A='x\n", 2, ["not closed", "close the quote"]),
        ("FROM debian\nWORKDIR $NONE\n", 2, ["no argument", "WORKDIR /path"]),
        ("FROM debian\nUSER a b\n", 2, ["not a user's name", "letters"]),
        ("FROM debian\nONBUILD RUN x\n", 2, ["triggers", "where it is needed"]),
        ("FROM debian\nSHELL bash\n", 2, ["no JSON list", "SHELL ["]),
        ("FROM debian other\n", 1, ["more than one image", "FROM image"]),
    ] {
        let error = plan(text, &[]).err().unwrap_or_else(|| panic!("{text:?} is accepted"));
        assert_eq!(error.line, line, "{text:?}: {error}");
        let said = error.to_string();
        for part in parts {
            assert!(said.contains(part), "{text:?}: {part:?} is not in {said:?}");
        }
    }
}

#[test]
fn sizes_are_bounded() {
    let long = format!("FROM debian\n#{}", "x".repeat(MAX_TEXT));
    assert!(plan(&long, &[]).is_err());
    let many = format!("FROM debian\n{}", "RUN a\n".repeat(MAX_STEPS));
    let error = plan(&many, &[]).expect_err("one too many");
    assert_eq!(error.line, MAX_STEPS + 1, "{error}");
    // Doubling a value with each line is soon refused.
    let doubling = format!(
        "FROM debian\nENV A=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n{}",
        "ENV A=$A$A\n".repeat(40)
    );
    assert!(plan(&doubling, &[]).is_err());
    let long_line = format!("FROM debian\nBAD {}", "x".repeat(10_000));
    assert!(plan(&long_line, &[]).expect_err("refused").to_string().len() < 400);
}

#[test]
fn snapshots_can_be_bases() {
    let said = ImageConfig {
        entrypoint: vec!["serve".into()],
        cmd: vec!["--slow".into()],
        env: [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())].into(),
        workdir: Some("/srv".into()),
        user: Some("ann".into()),
    };
    let mine = [("team/base:1".to_owned(), said.clone())];
    let build = |text: &str| plan(text, &mine).unwrap_or_else(|e| panic!("{text}: {e}"));
    let same = build("FROM team/base:1\nRUN x");
    assert_eq!(same.base, Base::Snapshot("team/base:1".into()));
    assert_eq!((&same.config, &same.base_env), (&said, &said.env));
    // The steps begin where the base ends, and what they say is stronger.
    let more = build("FROM team/base:1\nENV B=$A$A\nWORKDIR app\nCMD [\"--fast\"]");
    assert!(
        more.steps
            .iter()
            .any(|step| step.action == Action::Workdir { path: "/srv".into() })
    );
    assert_eq!(more.config.env["B"], "11");
    assert_eq!(more.config.workdir.as_deref(), Some("/srv/app"));
    assert_eq!(
        (more.config.entrypoint.join(" "), more.config.cmd.join(" ")),
        ("serve".into(), "--fast".into())
    );
    assert_eq!(more.base_env, said.env);
    // A command of the base was for the entrypoint of the base.
    let other = build("FROM team/base:1\nENTRYPOINT [\"else\"]");
    assert_eq!(
        (other.config.entrypoint.join(" "), other.config.cmd.len()),
        ("else".into(), 0)
    );
}

#[test]
fn here_documents_are_scripts_input_and_files() {
    let text = "FROM sandbar-base\nARG N=one\nWORKDIR /app\nRUN <<EOF\n# no comment of ours\necho $N \\\n  two\n\nEOF\n\
                RUN python3 - a <<-'PY' && echo done\n\tprint(1)\n\tPY\nRUN cat <<A - <<B\na\nA\nb\nB\n\
                COPY --chmod=755 <<EOF run.sh\n#!/bin/sh\necho \"$N\" it's \\$HOME\nEOF\nADD <<\"a.txt\" <<b /x y/\n";
    assert!(plan(text, &[]).is_err(), "without their ends");
    let text = text.replace("/x y/\n", "/etc/own/\n$N\na.txt\nEOF\nb\nENV A=b\n");
    let done = actions(&plan(&text, &[]).expect("a plan"));
    assert_eq!(
        done[2..],
        [
            shell("# no comment of ours\necho $N \\\n  two\n\n"),
            shell("python3 - a <<-'PY' && echo done\nprint(1)\nPY\n"),
            shell("cat <<A - <<B\na\nA\n\nb\nB\n"),
            shell(
                "set -e\nmkdir -p '/app'\nprintf %s '#!/bin/sh\necho \"one\" it'\\''s $HOME\n' > '/app/run.sh'\nchmod 755 '/app/run.sh'\n"
            ),
            shell(
                "set -e\nmkdir -p '/etc/own'\nprintf %s '$N\n' > '/etc/own/a.txt'\nchmod 644 '/etc/own/a.txt'\n\
                 mkdir -p '/etc/own'\nprintf %s 'EOF\n' > '/etc/own/b'\nchmod 644 '/etc/own/b'\n"
            ),
            Action::Env {
                name: "A".into(),
                value: "b".into()
            },
        ]
    );
}

#[test]
fn here_documents_that_cannot_be_are_refused_with_a_reason() {
    for (line, why) in [
        ("RUN <<EOF\nEOF \n", "<<EOF has no end"),
        ("COPY <<EOF\nx\nEOF", "it has no destination"),
        ("COPY a <<EOF /b/\nx\nEOF", "cannot be copied in one instruction"),
        ("COPY <<A <<B /b\nA\nB", "ends with /"),
    ] {
        let error = plan(&format!("FROM sandbar-base\n{line}"), &[])
            .expect_err(line)
            .to_string();
        assert!(error.contains(why) && error.contains("line 2"), "{line}: {error}");
    }
    let script = plan(
        "FROM sandbar-base\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n",
        &[],
    )
    .expect("a plan");
    let Some(Action::Run { argv }) = actions(&script).pop() else {
        panic!("no command")
    };
    assert!(
        argv[2].contains("<<'EOF'\n#!/usr/bin/env python3\nprint(1)\nEOF\nchmod"),
        "{argv:?}"
    );
}
