//! `declare`, `local`, `export`, `readonly`, `unset`, `let`.

use crate::expand::declaration;
use crate::run::simple::Argument;
use crate::shell::{Flow, Shell, Step};
use crate::syntax::ast::{Assign, AssignValue};
use crate::text;
use crate::vars::{Key, Value};

#[derive(Default)]
struct Flags {
    set: String,
    clear: String,
    print: bool,
    functions: bool,
    function_names: bool,
    global: bool,
    unexport: bool,
}

pub(super) async fn run(shell: &mut Shell, name: &str, args: &[String], arrays: &[Argument<'_>]) -> Step {
    let mut flags = Flags::default();
    let mut skip = 0;
    for arg in args {
        let (sign, letters) = match arg.as_bytes().first() {
            Some(sign @ (b'-' | b'+')) if arg.len() > 1 => (*sign, arg.get(1..).unwrap_or_default()),
            _ => break,
        };
        skip += 1;
        if arg == "--" {
            break;
        }
        for c in letters.chars() {
            match c {
                'p' => flags.print = true,
                'f' => flags.functions = true,
                'F' => {
                    flags.functions = true;
                    flags.function_names = true;
                }
                'g' => flags.global = true,
                'n' if name == "export" => flags.unexport = true,
                'a' | 'A' | 'i' | 'l' | 'u' | 'r' | 'x' | 'n' | 't' | 'I' => {
                    if sign == b'-' {
                        flags.set.push(c);
                    } else {
                        flags.clear.push(c);
                    }
                }
                c => {
                    return super::usage(shell, &format!("{name}: -{c}: invalid option")).await;
                }
            }
        }
    }
    match name {
        "export" if !flags.unexport => flags.set.push('x'),
        "export" => flags.clear.push('x'),
        "readonly" => flags.set.push('r'),
        _ => {}
    }
    if name == "local" && !shell.vars.in_function() {
        shell.complain("local: can only be used in a function").await;
        return Ok(1);
    }
    let mut names = args.get(skip..).unwrap_or_default();
    if name == "local" && names.first().is_some_and(|n| n == "-") {
        shell.vars.keep_options(shell.options.clone());
        names = names.get(1..).unwrap_or_default();
        if names.is_empty() {
            return Ok(0);
        }
    }
    if flags.functions && !names.is_empty() && !flags.print && matches!(name, "export" | "readonly") {
        let mut status = 0;
        for function in names {
            match shell.functions.get(function) {
                Some(f) if name == "export" => f.exported.set(!flags.unexport),
                Some(f) => f.readonly.set(true),
                None => {
                    shell.complain(&format!("{name}: {function}: not a function")).await;
                    status = 1;
                }
            }
        }
        return Ok(status);
    }
    if flags.functions && name != "export" {
        return functions(shell, names, &flags).await;
    }
    if names.is_empty() || flags.print {
        return print(shell, name, names, &flags).await;
    }
    let local = matches!(name, "local" | "declare" | "typeset") && !flags.global;
    let mut status = 0;
    // With assignments among the arguments, `arrays` has them in the place of their names.
    let rest: Vec<Option<&Assign>> = if arrays.is_empty() {
        vec![None; names.len()]
    } else {
        arrays
            .iter()
            .skip(1 + skip)
            .map(|a| match a {
                Argument::Assign(assign) => Some(*assign),
                Argument::Text => None,
            })
            .collect()
    };
    for (arg, assign) in names.iter().zip(rest) {
        let one = match assign {
            Some(assign) => declare_assign(shell, assign, &flags, local).await,
            None => declare_text(shell, name, arg, &flags, local).await,
        };
        match one {
            Ok(0) => {}
            Ok(n) => status = n,
            Err(Flow::Discard(n)) => status = n,
            Err(flow) => return Err(flow),
        }
    }
    Ok(status)
}

async fn declare_assign(shell: &mut Shell, assign: &Assign, flags: &Flags, local: bool) -> Step {
    // The value first: `local x=$x` means the outer x.
    let text = match &assign.value {
        AssignValue::Scalar(word) => Some(shell.expand_text(word).await?),
        AssignValue::Array(_) => None,
    };
    let deferred = prepare(shell, &assign.name, flags, local);
    match text {
        Some(text) => {
            let key = match &assign.index {
                None => Key::Whole,
                Some(word) => {
                    let subscript = shell.expand_text(word).await?;
                    shell.subscript(&assign.name, &subscript).await?
                }
            };
            if flags.set.contains('n') {
                let var = shell.vars.entry(&assign.name);
                var.value = Value::Scalar(text);
                var.nameref = true;
            } else {
                shell.assign_text(&assign.name, key, text, assign.append).await?;
            }
        }
        None => {
            let scalar = matches!(shell.vars.get(&assign.name).map(|v| &v.value), Some(Value::Scalar(_)));
            if scalar && !assign.append {
                shell.vars.entry(&assign.name).value = Value::Unset;
            }
            shell.assign(assign).await?;
        }
    }
    finish(shell, &assign.name, deferred);
    Ok(0)
}

async fn declare_text(shell: &mut Shell, command: &str, arg: &str, flags: &Flags, local: bool) -> Step {
    let (target, value, append) = match arg.split_once('=') {
        Some((target, value)) => match target.strip_suffix('+') {
            Some(target) => (target, Some(value), true),
            None => (target, Some(value), false),
        },
        None => (arg, None, false),
    };
    let (target, subscript) = match target.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']')),
        None => (target, None),
    };
    if !text::is_name(target) {
        shell
            .complain(&format!("{command}: `{arg}': not a valid identifier"))
            .await;
        return Ok(1);
    }
    let deferred = prepare(shell, target, flags, local);
    if let Some(value) = value {
        let key = match subscript {
            Some(subscript) => shell.subscript(target, subscript).await?,
            None => Key::Whole,
        };
        if flags.set.contains('n') {
            let var = shell.vars.entry(target);
            var.value = Value::Scalar(value.to_owned());
            var.nameref = true;
        } else {
            shell.assign_text(target, key, value.to_owned(), append).await?;
        }
    }
    finish(shell, target, deferred);
    Ok(0)
}

/// Sets the attributes that must come before the value; true if the variable becomes readonly after it.
fn prepare(shell: &mut Shell, name: &str, flags: &Flags, local: bool) -> bool {
    if local {
        shell.vars.localize(name);
    }
    let resolved = if flags.set.contains('n') || flags.clear.contains('n') {
        name.to_owned()
    } else {
        shell.vars.resolve(name).to_owned()
    };
    let var = shell.vars.entry(&resolved);
    for c in flags.set.chars() {
        match c {
            'i' => var.integer = true,
            'l' => {
                var.lower = true;
                var.upper = false;
            }
            'u' => {
                var.upper = true;
                var.lower = false;
            }
            'x' => var.exported = true,
            'n' => var.nameref = true,
            'a' => match std::mem::take(&mut var.value) {
                Value::Unset => var.value = Value::Indexed(Default::default()),
                Value::Scalar(s) => var.value = Value::Indexed([(0, s)].into()),
                other => var.value = other,
            },
            'A' => match std::mem::take(&mut var.value) {
                Value::Unset => var.value = Value::Assoc(Default::default()),
                other => var.value = other,
            },
            _ => {}
        }
    }
    for c in flags.clear.chars() {
        match c {
            'i' => var.integer = false,
            'l' => var.lower = false,
            'u' => var.upper = false,
            'x' => var.exported = false,
            'n' => var.nameref = false,
            _ => {}
        }
    }
    flags.set.contains('r')
}

fn finish(shell: &mut Shell, name: &str, readonly: bool) {
    if readonly {
        let name = shell.vars.resolve(name).to_owned();
        shell.vars.entry(&name).readonly = true;
    }
}

async fn functions(shell: &mut Shell, names: &[String], flags: &Flags) -> Step {
    let mut all: Vec<String> = shell.functions.keys().cloned().collect();
    all.sort_unstable();
    let mut out = String::new();
    let mut status = 0;
    let chosen = if names.is_empty() { &all } else { names };
    for name in chosen {
        match shell.functions.get(name) {
            None => status = 1,
            Some(_) if flags.function_names && !names.is_empty() => {
                out.push_str(&format!("{name}\n"));
            }
            Some(_) if flags.function_names => out.push_str(&format!("declare -f {name}\n")),
            Some(f) => out.push_str(&format!("{name} () \n{}\n", f.source)),
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}

async fn print(shell: &mut Shell, command: &str, names: &[String], flags: &Flags) -> Step {
    let mut out = String::new();
    let mut status = 0;
    let all = shell.vars.names();
    let chosen = if names.is_empty() { &all } else { names };
    for name in chosen {
        let Some(var) = shell.vars.get_raw(name) else {
            shell.complain(&format!("{command}: {name}: not found")).await;
            status = 1;
            continue;
        };
        let wanted = !names.is_empty()
            || flags.set.chars().all(|c| match c {
                'x' => var.exported,
                'r' => var.readonly,
                'i' => var.integer,
                'a' => matches!(var.value, Value::Indexed(_)),
                'A' => matches!(var.value, Value::Assoc(_)),
                'n' => var.nameref,
                _ => true,
            });
        let local = command != "local" || shell.vars.is_local(name);
        if wanted && local {
            if command == "declare" && !flags.print && flags.set.is_empty() {
                if let Some(value) = var.scalar() {
                    out.push_str(&format!("{name}={}\n", text::trace_quote(value)));
                }
            } else {
                out.push_str(&declaration(name, var));
                out.push('\n');
            }
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}

pub(super) async fn unset(shell: &mut Shell, args: &[String]) -> Step {
    let mut functions = true;
    let mut variables = true;
    let mut reference = false;
    let mut status = 0;
    for arg in args {
        match arg.as_str() {
            "-f" => variables = false,
            "-v" => functions = false,
            "-n" => reference = true,
            "--" => {}
            arg => {
                let (name, subscript) = match arg.split_once('[') {
                    Some((name, rest)) => (name, rest.strip_suffix(']')),
                    None => (arg, None),
                };
                let known = shell.vars.get_raw(name).is_some();
                if variables && (known || !functions) {
                    let key = match subscript {
                        Some("@" | "*") | None => Key::Whole,
                        Some(subscript) => shell.subscript(name, subscript).await?,
                    };
                    let name = name.to_owned();
                    if reference {
                        shell.vars.entry(&name).nameref = false;
                    }
                    if let Err(message) = shell.vars.unset(&name, &key) {
                        shell.complain(&format!("unset: {message}")).await;
                        status = 1;
                    }
                } else if functions {
                    std::rc::Rc::make_mut(&mut shell.functions).remove(arg);
                }
            }
        }
    }
    Ok(status)
}

pub(super) async fn let_builtin(shell: &mut Shell, args: &[String]) -> Step {
    let mut value = 0;
    for arg in args {
        value = match shell.arith_text(arg).await {
            Ok(value) => value,
            Err(Flow::Discard(n)) => return Ok(n),
            Err(flow) => return Err(flow),
        };
    }
    Ok(i32::from(value == 0))
}
