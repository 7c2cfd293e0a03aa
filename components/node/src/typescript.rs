//! TypeScript to JavaScript, and positions back.

use oxc::allocator::Allocator;
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use oxc::transformer::{TransformOptions, Transformer};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

/// Places of one file, in order: generated line and column, original line and column, all from 0.
type Places = Vec<(u32, u32, u32, u32)>;

thread_local! {
    static PLACES: RefCell<HashMap<String, Places>> = RefCell::default();
}

/// Errors shown of one file at most.
const MOST_ERRORS: usize = 5;

fn kind_of(file: &str) -> SourceType {
    let kind = SourceType::from_path(Path::new(file)).unwrap_or_else(|_| SourceType::ts());
    if file.ends_with(".cts") {
        kind
    } else {
        kind.with_unambiguous(true)
    }
}

/// The JavaScript of a file, after `*` if it is an ES module; remembers where its parts came from.
///
/// # Errors
/// What the syntax errors are, with file, line and column.
pub fn transpile(source: &str, file: &str) -> Result<String, String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, kind_of(file)).parse();
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        return Err(describe(source, file, parsed.diagnostics.into_iter()));
    }
    let mut program = parsed.program;
    let module = program.source_type.is_module();
    let analysed = SemanticBuilder::new().with_enum_eval(true).build(&program);
    if !analysed.diagnostics.is_empty() {
        return Err(describe(source, file, analysed.diagnostics.into_iter()));
    }
    let scoping = analysed.semantic.into_scoping();
    let options = TransformOptions::default();
    let transformed = Transformer::new(&allocator, Path::new(file), &options).build_with_scoping(scoping, &mut program);
    if !transformed.diagnostics.is_empty() {
        return Err(describe(source, file, transformed.diagnostics.into_iter()));
    }
    let options = CodegenOptions {
        source_map_path: Some(Path::new(file).to_path_buf()),
        ..CodegenOptions::default()
    };
    let generated = Codegen::new().with_options(options).build(&program);
    if let Some(map) = generated.map {
        let places = map
            .get_tokens()
            .map(|token| {
                (
                    token.get_dst_line(),
                    token.get_dst_col(),
                    token.get_src_line(),
                    token.get_src_col(),
                )
            })
            .collect();
        PLACES.with(|all| all.borrow_mut().insert(file.to_owned(), places));
    }
    let mark = if module { "*" } else { "" };
    Ok(format!("{mark}{}", generated.code))
}

/// Whether a script has syntax that only modules have.
pub fn is_module(source: &str) -> bool {
    let allocator = Allocator::default();
    let kind = SourceType::mjs().with_unambiguous(true);
    let parsed = Parser::new(&allocator, source, kind).parse();
    !parsed.panicked && parsed.program.source_type.is_module()
}

/// Where a place of generated code came from; all numbers from 1.
pub fn position(file: &str, line: u32, column: u32) -> Option<(u32, u32)> {
    let (line, column) = (line.checked_sub(1)?, column.saturating_sub(1));
    PLACES.with(|all| {
        let all = all.borrow();
        let places = all.get(file)?;
        let after = places.partition_point(|(at, from, ..)| (*at, *from) <= (line, column));
        let (at, _, original, from) = places.get(after.checked_sub(1)?)?;
        (*at == line).then_some((original + 1, from + 1))
    })
}

fn describe(source: &str, file: &str, errors: impl Iterator<Item = oxc::diagnostics::OxcDiagnostic>) -> String {
    let mut text = String::new();
    for error in errors.take(MOST_ERRORS) {
        let label = error.labels.first().cloned();
        let offset = label.map_or(0, |label| label.offset() as usize).min(source.len());
        let before = source.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = offset - start;
        let shown = source.lines().nth(line - 1).unwrap_or_default();
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        let _ = write!(text, "{file}:{line}\n{shown}\n{:column$}^\n\n{error}", "");
    }
    text
}
