//! Scripts: compiling, TypeScript, pending jobs, and what only the engine knows of values.

use super::fail;
use super::text::bytes_of;
use crate::typescript;
use rquickjs::context::EvalOptions;
use rquickjs::{Ctx, Function, Object, Result, String as JsString, Value, qjs};

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("evaluate", Function::new(ctx.clone(), evaluate)?)?;
    binding.set("runJobs", Function::new(ctx.clone(), run_jobs)?)?;
    binding.set("collect", Function::new(ctx.clone(), collect)?)?;
    binding.set("memoryUsage", Function::new(ctx.clone(), memory_usage)?)?;
    binding.set("promiseState", Function::new(ctx.clone(), promise_state)?)?;
    binding.set("transpile", Function::new(ctx.clone(), transpile)?)?;
    binding.set("isModule", Function::new(ctx.clone(), is_module)?)?;
    binding.set("mapPosition", Function::new(ctx.clone(), map_position)?)
}

/// Runs a script as sloppy global code; its value is that of its last statement.
fn evaluate<'js>(ctx: Ctx<'js>, source: JsString<'js>, file: String) -> Result<Value<'js>> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file);
    ctx.eval_with_options(bytes_of(source)?, options)
}

/// Runs what promises have waiting, and what that makes, to the end.
fn run_jobs(ctx: Ctx<'_>) {
    while ctx.execute_pending_job() {}
}

fn collect(ctx: Ctx<'_>) {
    ctx.run_gc();
}

/// `[bytes allocated, objects]`.
fn memory_usage(ctx: Ctx<'_>) -> Vec<f64> {
    let mut usage = std::mem::MaybeUninit::<qjs::JSMemoryUsage>::zeroed();
    // SAFETY: the engine fills the whole record, which is plain numbers.
    let usage = unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        qjs::JS_ComputeMemoryUsage(runtime, usage.as_mut_ptr());
        usage.assume_init()
    };
    vec![usage.malloc_size as f64, usage.obj_count as f64]
}

/// `[0 pending | 1 fulfilled | 2 rejected, result]`, or nothing if it is no promise.
fn promise_state<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Vec<Value<'js>>> {
    let Some(promise) = value.as_promise() else {
        return Ok(Vec::new());
    };
    // SAFETY: the value is a live promise; the result is a new reference, which `from_raw` takes over.
    let (state, result) = unsafe {
        let raw = ctx.as_raw().as_ptr();
        let state = qjs::JS_PromiseState(raw, promise.as_raw());
        (
            state,
            Value::from_raw(ctx.clone(), qjs::JS_PromiseResult(raw, promise.as_raw())),
        )
    };
    let state = match state {
        qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => 1,
        qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED => 2,
        _ => 0,
    };
    Ok(vec![Value::new_int(ctx, state), result])
}

/// JavaScript for TypeScript (or for JSX); `*` before it if it is an ES module, and its positions are kept.
fn transpile<'js>(ctx: Ctx<'js>, source: JsString<'js>, file: String) -> Result<String> {
    let source = bytes_of(source)?;
    typescript::transpile(&String::from_utf8_lossy(&source), &file).map_err(|message| fail(&ctx, &message))
}

/// Whether a script can only be an ES module.
fn is_module(source: JsString<'_>) -> Result<bool> {
    let source = bytes_of(source)?;
    Ok(typescript::is_module(&String::from_utf8_lossy(&source)))
}

/// Where in its TypeScript a place is, `[line, column]` from 1; nothing for other files.
fn map_position(file: String, line: u32, column: u32) -> Vec<u32> {
    typescript::position(&file, line, column).map_or_else(Vec::new, |(line, column)| vec![line, column])
}
