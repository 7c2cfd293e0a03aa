//! From the first line to the last.

use std::collections::BTreeMap;

use super::error::{DockerfileError, Refusal, refuse};
use super::expand::Scope;
use super::lines::{self, Line};
use super::{Action, Base, ImageConfig, MAX_STEPS, MAX_TEXT, Plan, Step, base, packages, words};

/// What is known at one line.
pub(super) struct Reader<'a> {
    snapshots: &'a [(String, ImageConfig)],
    pub(super) escape: char,
    base: Option<Base>,
    steps: Vec<Step>,
    base_env: BTreeMap<String, String>,
    pub(super) config: ImageConfig,
    /// `ARG`s before `FROM`: they hold in `FROM` lines only, unless they are named again.
    outer: BTreeMap<String, String>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) directory: String,
    pub(super) shell: Vec<String>,
}

/// Reads all of it.
pub(super) fn read(text: &str, snapshots: &[(String, ImageConfig)]) -> Result<Plan, DockerfileError> {
    if text.len() > MAX_TEXT {
        let why = format!("it has more than {} KiB", MAX_TEXT >> 10);
        return Err(refuse(why, "put scripts into files and COPY them").at(1, "Dockerfile"));
    }
    let lines = lines::split(text)?;
    let mut reader = Reader {
        snapshots,
        escape: lines.escape,
        base: None,
        steps: Vec::new(),
        base_env: BTreeMap::new(),
        config: ImageConfig::default(),
        outer: BTreeMap::new(),
        args: BTreeMap::new(),
        directory: "/".to_owned(),
        shell: ["/bin/sh", "-c"].map(str::to_owned).into(),
    };
    for line in &lines.lines {
        reader
            .line(line)
            .map_err(|refusal| refusal.at(line.number, &line.text))?;
    }
    let base = reader
        .base
        .ok_or_else(|| refuse("there is no FROM", "begin with FROM sandbar-base").at(1, "Dockerfile"))?;
    Ok(Plan {
        base,
        steps: reader.steps,
        config: reader.config,
        base_env: reader.base_env,
        commands: packages::commands(),
    })
}

impl Reader<'_> {
    fn line(&mut self, line: &Line) -> Result<(), Refusal> {
        let (keyword, arguments) = words::keyword(&line.text);
        match (keyword.as_str(), self.base.is_some()) {
            ("FROM", false) => self.from(line, arguments),
            ("FROM", true) => Err(refuse(
                "builds have one stage here",
                "keep the stage that makes the result, and put what it needs of others into RUN steps",
            )),
            ("ARG", false) => {
                let outer = self.outer.clone();
                for (name, value) in self.arguments(arguments, &outer)? {
                    self.outer.insert(name, value.unwrap_or_default());
                }
                Ok(())
            }
            (_, false) => Err(refuse(
                "nothing but ARG stands before FROM",
                "begin with FROM sandbar-base",
            )),
            (keyword, true) => self.instruction(line, keyword, arguments),
        }
    }

    fn from(&mut self, line: &Line, arguments: &str) -> Result<(), Refusal> {
        let (flags, rest) = words::flags(arguments);
        if let Some((name, _)) = flags.iter().find(|(name, _)| *name != "platform") {
            return Err(refuse(format!("--{name} is not supported"), "leave it out"));
        }
        let parts = words::split(rest, self.escape);
        let named = matches!(parts.as_slice(), [_, word, _] if word.eq_ignore_ascii_case("as"));
        let [reference, ..] = parts.as_slice() else {
            return Err(refuse("it names no image", "write FROM sandbar-base"));
        };
        if parts.len() > 1 && !named {
            return Err(refuse("it names more than one image", "write FROM image"));
        }
        let scope = Scope {
            variables: &self.outer,
            escape: self.escape,
        };
        let reference = scope.word(reference)?;
        let names: Vec<String> = self.snapshots.iter().map(|(name, _)| name.clone()).collect();
        let (base, note) = base::resolve(&reference, &names)?;
        self.step(line, Action::Note { reason: note })?;
        if let Base::Snapshot(name) = &base
            && let Some((_, config)) = self.snapshots.iter().find(|(known, _)| known == name)
        {
            self.config = config.clone();
            self.base_env.clone_from(&config.env);
            if let Some(path) = config.workdir.clone() {
                self.directory.clone_from(&path);
                self.step(line, Action::Workdir { path })?;
            }
        }
        self.base = Some(base);
        Ok(())
    }

    /// The names of an `ARG`, with their defaults.
    pub(super) fn arguments(
        &self,
        arguments: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let scope = Scope {
            variables,
            escape: self.escape,
        };
        let words = words::split(arguments, self.escape);
        if words.is_empty() {
            return Err(refuse("it has no name", "write ARG NAME=default"));
        }
        let read = |word: &String| {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(scope.word(default)?)),
                None => (word.as_str(), None),
            };
            Ok((variable(name)?.to_owned(), default))
        };
        words.iter().map(read).collect()
    }

    /// The value that an `ARG` before `FROM` gave.
    pub(super) fn outer(&self, name: &str) -> Option<String> {
        self.outer.get(name).cloned()
    }

    /// What variables mean here: those of the base, arguments, and the environment, which is stronger.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        all.extend(self.args.clone());
        all.extend(self.config.env.clone());
        all
    }

    pub(super) fn step(&mut self, line: &Line, action: Action) -> Result<(), Refusal> {
        if self.steps.len() >= MAX_STEPS {
            return Err(refuse(
                format!("there are more than {MAX_STEPS} steps"),
                "join RUN steps with &&, and copy directories",
            ));
        }
        self.steps.push(Step {
            line: line.number,
            text: line.text.clone(),
            action,
        });
        Ok(())
    }
}

/// What programs are looked for in, unless the image says otherwise.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The name, if a variable can have it.
pub(super) fn variable(name: &str) -> Result<&str, Refusal> {
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if valid {
        Ok(name)
    } else {
        Err(refuse(
            format!("{name:?} is not a name of a variable"),
            "use letters, digits and _, no digit first",
        ))
    }
}
