//! awk: the language of POSIX, with what scripts use of gawk's additions (gensub, strftime, asort, match with an array,
//! PROCINFO["sorted_in"], switch, BEGINFILE, nextfile, IGNORECASE, FPAT, FIELDWIDTHS). No coprocesses, no arrays of
//! arrays, no @include.

mod ast;
mod builtins;
mod compound;
mod expressions;
mod fields;
mod format;
mod input;
mod interpreter;
mod lexer;
mod parser;
mod regex;
mod statements;
mod streams;
mod value;

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use interpreter::{Cell, Interpreter, slots};
use std::ffi::OsString;
use std::io::Read;
use value::Value;

const VERSION: char = '\u{e000}';
const IGNORED: char = '\u{e001}';
const TABLE: &[Opt] = &[
    opt('F', "field-separator", Takes::Value),
    opt('v', "assign", Takes::Value),
    opt('f', "file", Takes::Value),
    opt('e', "source", Takes::Value),
    opt(VERSION, "version", Takes::Nothing),
    opt(IGNORED, "posix", Takes::Nothing),
    opt(IGNORED, "re-interval", Takes::Nothing),
    opt(IGNORED, "traditional", Takes::Nothing),
    opt('W', "", Takes::Value),
];
/// awk itself failed.
const TROUBLE: i32 = 2;
/// The program or the command line is wrong.
const MISTAKE: i32 = 1;

/// Runs a program over files; its exit code, or 2.
pub fn main(arguments: Vec<OsString>) -> i32 {
    match prepare(arguments) {
        Ok(Some(job)) => job.run(),
        Ok(None) => 0,
        Err(message) => {
            console::complain("awk", &message);
            // As gawk has it: this is found only when everything is read.
            if message.ends_with("is not defined") {
                TROUBLE
            } else {
                MISTAKE
            }
        }
    }
}

struct Job {
    program: ast::Program,
    assignments: Vec<Vec<u8>>,
    operands: Vec<OsString>,
}

fn prepare(arguments: Vec<OsString>) -> Result<Option<Job>, String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), false)?;
    let (mut source, mut assignments, mut has_source) = (Vec::new(), Vec::new(), false);
    for (option, value) in parsed.options {
        let value = value.unwrap_or_default();
        let bytes = value.as_encoded_bytes();
        match option {
            'F' => {
                // `-Ft` is a tab, as POSIX has it.
                let separator = if bytes == b"t" { b"\t" } else { bytes };
                assignments.push([b"FS=", separator].concat());
            }
            'v' => {
                if statements::assignment(bytes).is_none() {
                    return Err(format!("'{}' is no assignment; -v takes NAME=VALUE", value.display()));
                }
                assignments.push(bytes.to_vec());
            }
            'f' => {
                let mut text = Vec::new();
                let read = if value == "-" {
                    console::input().take(lexer::MOST_SOURCE as u64).read_to_end(&mut text)
                } else {
                    std::fs::File::open(&value)
                        .and_then(|file| file.take(lexer::MOST_SOURCE as u64).read_to_end(&mut text))
                };
                read.map_err(|error| {
                    format!(
                        "cannot open source file '{}': {}",
                        value.display(),
                        console::reason(&error)
                    )
                })?;
                source.extend_from_slice(&text);
                source.push(b'\n');
                has_source = true;
            }
            'e' => {
                source.extend_from_slice(bytes);
                source.push(b'\n');
                has_source = true;
            }
            VERSION => {
                println_version();
                return Ok(None);
            }
            _ => {}
        }
    }
    let mut operands = parsed.operands;
    if !has_source {
        if operands.is_empty() {
            return Err("usage: awk [-F separator] [-v name=value] 'program' | -f file [file ...]".into());
        }
        source = operands.remove(0).as_encoded_bytes().to_vec();
    }
    Ok(Some(Job {
        program: parser::parse(&source)?,
        assignments,
        operands,
    }))
}

fn println_version() {
    use std::io::Write;
    let mut out = console::output();
    let _ = writeln!(
        out,
        "awk (Sandbar) {}, POSIX with additions of gawk",
        env!("CARGO_PKG_VERSION")
    );
    let _ = out.flush();
}

impl Job {
    fn run(self) -> i32 {
        let mut interpreter = Interpreter::new(&self.program);
        if let Cell::Array(environment) = &interpreter.globals[slots::ENVIRON] {
            for (name, value) in std::env::vars_os() {
                environment
                    .borrow_mut()
                    .insert(name.as_encoded_bytes().into(), Value::input(value.as_encoded_bytes()));
            }
        }
        if let Cell::Array(list) = &interpreter.globals[slots::ARGV] {
            let mut list = list.borrow_mut();
            list.insert(b"0"[..].into(), Value::text(b"awk"));
            for (position, operand) in self.operands.iter().enumerate() {
                list.insert(
                    (position + 1).to_string().into_bytes().into(),
                    Value::input(operand.as_encoded_bytes()),
                );
            }
        }
        #[allow(clippy::cast_precision_loss)]
        let count = (self.operands.len() + 1) as f64;
        interpreter.globals[slots::ARGC] = Cell::Value(Value::Number(count));
        for one in &self.assignments {
            let Some((name, value)) = statements::assignment(one) else {
                continue;
            };
            if let Err(flow) = interpreter.assign_by_name(&name, &value) {
                interpreter.complain(flow);
                return TROUBLE;
            }
        }
        interpreter.main()
    }
}
