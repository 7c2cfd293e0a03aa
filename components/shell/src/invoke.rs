//! Starting a shell from its command line.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::builtins::{parse_invocation_flag, set_named};
use crate::jobs::{Jobs, Running};
use crate::os::{FileKind, Os};
use crate::shell::{Flow, Options, Shell};
use crate::task::Executor;
use crate::text;
use crate::vars::Vars;

/// What to run.
enum Source {
    Command(String),
    File(String),
    Stdin,
}

struct Invocation {
    source: Source,
    login: bool,
    profile: bool,
    rc: Option<String>,
    options: Options,
    name: String,
    positional: Vec<String>,
}

/// Runs a shell: `args` as given to the program (its name first), `env` its environment, `cwd` its
/// working directory (an absolute path). Returns its exit code, 0 to 255.
pub fn run(os: Rc<dyn Os>, args: &[String], env: Vec<(String, String)>, cwd: &str) -> i32 {
    let invocation = match parse(args) {
        Ok(invocation) => invocation,
        Err(message) => {
            if let Some(err) = os.stdio(2) {
                // A short line always fits; and there is nowhere else to complain.
                let _ = err.try_write(message.as_bytes());
            }
            return 2;
        }
    };
    let executor = Executor::new(os);
    let functions = crate::run::exported_functions(&env);
    let shell = new_shell(executor.clone(), &invocation, env, cwd);
    let Invocation {
        source,
        login,
        profile,
        rc,
        ..
    } = invocation;
    let status = executor.run(async move {
        let mut shell = shell;
        if shell.options.interactive {
            shell.sync_traps();
        }
        shell.import_functions(functions).await;
        if (login || shell.options.interactive)
            && let Err(Flow::Exit(code)) = shell.startup_files(login, profile, rc.as_deref()).await
        {
            return code;
        }
        let at_terminal = shell.options.interactive && shell.fd(0).is_some_and(|fd| fd.is_terminal());
        match source {
            Source::Stdin if at_terminal => shell.main_interactive(login).await,
            Source::Command(text) => shell.main_text(&text).await,
            Source::Stdin => shell.main_stdin().await,
            Source::File(path) => match shell.script_file(&path).await {
                Ok(text) => shell.main_text(&text).await,
                Err((code, message)) => {
                    let line = format!("{}: {message}\n", shell.name);
                    shell.print_error(&line).await;
                    code
                }
            },
        }
    });
    // None: the script waits for something that can never come.
    status.unwrap_or(1) & 0xFF
}

fn parse(args: &[String]) -> Result<Invocation, String> {
    let program = args.first().map_or("sh", String::as_str);
    let mut options = Options::default();
    let mut command = false;
    let mut stdin = false;
    let mut login = program.starts_with('-');
    let mut profile = true;
    let mut rc = Some("~/.bashrc".to_owned());
    let mut i = 1;
    while let Some(arg) = args.get(i) {
        if arg == "--" || arg == "-" {
            i += 1;
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            match long {
                "norc" => rc = None,
                "noprofile" => profile = false,
                "login" => login = true,
                "posix" => options.posix = true,
                "verbose" => options.verbose = true,
                "noediting" | "restricted" => {}
                "version" => return Err("GNU bash, version 5.2.15(1)-release compatible shell (wasm32)\n".to_owned()),
                "rcfile" | "init-file" => {
                    i += 1;
                    rc = args.get(i).cloned();
                }
                _ => return Err(format!("{program}: {arg}: invalid option\n")),
            }
            i += 1;
            continue;
        }
        let on = arg.starts_with('-');
        if arg.len() < 2 || !(on || arg.starts_with('+')) {
            break;
        }
        i += 1;
        for c in arg.chars().skip(1) {
            match c {
                'c' => command = true,
                's' => stdin = true,
                'i' => options.interactive = true,
                'l' => login = true,
                'o' | 'O' => {
                    let name = args.get(i).map(String::as_str).unwrap_or_default();
                    i += 1;
                    if !set_named(&mut options, name, on) {
                        return Err(format!("{program}: {name}: invalid option name\n"));
                    }
                }
                c if parse_invocation_flag(&mut options, c, on) => {}
                c => return Err(format!("{program}: -{c}: invalid option\n")),
            }
        }
    }
    let rest = args.get(i..).unwrap_or_default();
    let (source, name, positional) = if command {
        let Some((text, rest)) = rest.split_first() else {
            return Err(format!("{program}: -c: option requires an argument\n"));
        };
        options.from_command_line = true;
        let name = rest.first().map_or(program, String::as_str).to_owned();
        let positional = rest.get(1..).unwrap_or_default().to_vec();
        (Source::Command(text.clone()), name, positional)
    } else {
        match rest.split_first() {
            Some((file, rest)) if !stdin => (Source::File(file.clone()), file.clone(), rest.to_vec()),
            _ => (Source::Stdin, program.to_owned(), rest.to_vec()),
        }
    };
    Ok(Invocation {
        login,
        profile,
        rc,
        source,
        options,
        name,
        positional,
    })
}

fn new_shell(exec: Rc<Executor>, invocation: &Invocation, env: Vec<(String, String)>, cwd: &str) -> Shell {
    let mut vars = Vars::default();
    for (name, value) in env {
        if text::is_name(&name) {
            let var = vars.entry(&name);
            var.value = crate::vars::Value::Scalar(value);
            var.exported = true;
        }
    }
    // The directory named by PWD, if it is the one (it may lead through a symbolic link).
    let mut directory = cwd.to_owned();
    if let Some(pwd) = vars.scalar("PWD")
        && pwd.starts_with('/')
        && pwd != cwd
        && let (Ok(a), Ok(b)) = (exec.os.stat(pwd, true), exec.os.stat(cwd, true))
        && a.inode == b.inode
        && a.kind == FileKind::Directory
    {
        directory = pwd.to_owned();
    }
    let mut fds = BTreeMap::new();
    for number in 0..3 {
        if let Some(fd) = exec.os.stdio(number) {
            fds.insert(number, fd);
        }
    }
    let mut options = invocation.options.clone();
    let terminals = [0, 2]
        .iter()
        .all(|n| fds.get(n).is_some_and(|fd: &crate::os::Fd| fd.is_terminal()));
    options.interactive |= matches!(invocation.source, Source::Stdin) && terminals;
    options.patsub_replacement = true;
    options.from_stdin = matches!(invocation.source, Source::Stdin);
    let terminal = [0, 2]
        .iter()
        .filter_map(|n| fds.get(n))
        .find(|fd: &&crate::os::Fd| fd.is_terminal())
        .cloned();
    if options.interactive {
        options.expand_aliases = true;
        options.histexpand = true;
        options.monitor |= terminal.is_some();
    }
    // Asking costs a list of all processes: only for who needs it.
    let group = if options.monitor { exec.os.own_group() } else { 0 };
    if let (true, Some(terminal)) = (options.monitor, &terminal)
        && terminal.foreground() != Ok(group)
    {
        // Whoever started us may still hold it; the first job takes it then.
        let _ = terminal.set_foreground(group);
    }
    let inherited: Rc<[u32]> = exec.os.inherited_ignored().into();
    let pwd = vars.entry("PWD");
    pwd.value = crate::vars::Value::Scalar(directory.clone());
    pwd.exported = true;
    for (name, default) in [("IFS", " \t\n"), ("OPTIND", "1"), ("PS4", "+ ")] {
        let var = vars.entry(name);
        if var.value == crate::vars::Value::Unset || name == "IFS" {
            var.value = crate::vars::Value::Scalar(default.to_owned());
        }
    }
    if vars.get("PATH").is_none() {
        vars.entry("PATH").value = crate::vars::Value::Scalar("/usr/local/bin:/usr/bin:/bin".to_owned());
    }
    if options.interactive {
        for (name, default) in [("PS1", "\\u@\\h:\\w\\$ "), ("PS2", "> ")] {
            let var = vars.entry(name);
            if var.value == crate::vars::Value::Unset {
                var.value = crate::vars::Value::Scalar(default.to_owned());
            }
        }
    }
    let level = vars.scalar("SHLVL").and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let shlvl = vars.entry("SHLVL");
    shlvl.value = crate::vars::Value::Scalar((level.min(998) + 1).to_string());
    shlvl.exported = true;
    let started = exec.os.monotonic();
    let seed = crate::expand::epoch().as_nanos() as u64 ^ u64::from(exec.os.own_pid()) << 32;
    Shell {
        vars,
        functions: Rc::new(HashMap::new()),
        aliases: Rc::default(),
        name: invocation.name.clone(),
        positional: invocation.positional.clone(),
        cwd: directory,
        fds,
        options,
        status: 0,
        pipe_status: vec![0],
        last_background: None,
        traps: BTreeMap::new(),
        jobs: Jobs::default(),
        running: Rc::new(Running::default()),
        inbox: exec.inbox.clone(),
        inherited,
        terminal,
        group,
        suspended: false,
        command_text: "".into(),
        history: Rc::default(),
        typed_lines: 1,
        depth: 0,
        nesting: 0,
        loops: 0,
        conditions: 0,
        line: 1,
        subshell: 0,
        started,
        random: seed,
        frames: Vec::new(),
        file: invocation.name.as_str().into(),
        directories: Vec::new(),
        hashed: BTreeMap::new(),
        indirection: 0,
        pipes: BTreeMap::new(),
        positional_changes: 0,
        seconds: 0,
        in_trap: false,
        in_prompt: false,
        last_substitution: None,
        sourcing: 0,
        getopts_offset: 0,
        umask: 0o022,
        last_argument: String::new(),
        disposable: false,
        tail: false,
        scratch: Vec::new(),
        substitution_status: None,
        ticks: 0,
        exec,
    }
}
