//! The engine: a context with our modules, and how ES modules of the sandbox are found and read.

use crate::binding;
use rquickjs::function::This;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{CatchResultExt, Context, Ctx, Error, Function, Module, Object, Persistent, Result, Runtime, Value};
use std::cell::RefCell;

/// Bytes of stack that scripts may use, about 8,000 calls of a small function; beyond it they get a `RangeError`. What is left of
/// the 8 MiB (`build.rs`) is for what they call into. The host gives 8 MiB too, for frames of its own that grow with these:
/// measured, recursion in scripts still fits there with 2.5 MiB here. The engine's parsers need 18 times as much of the host's
/// stack as of this one, so that text nested 10,000 deep and more can still end the program.
const SCRIPT_STACK: usize = 2 << 20;
/// Bytes allocated before cycles are looked for the first time; the engine raises it by half of what then lives.
const COLLECT_AT: usize = 8 << 20;
/// The status of a program whose own start fails.
const BROKEN: i32 = 70;

/// Node's modules: name and bytecode, in order of name.
static MODULES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The bindings tell the engine at each call that its stack begins there: a recursion through a function of ours would never
/// be too deep. The engine knows where its stack begins from when it is made; so the linker has them call this instead.
#[unsafe(no_mangle)]
extern "C" fn __wrap_JS_UpdateStackTop(_: *mut std::ffi::c_void) {}

/// What the JavaScript side hands over, to be called for ES modules and rejections.
#[derive(Default)]
struct Hooks {
    resolve: Option<Persistent<Function<'static>>>,
    load: Option<Persistent<Function<'static>>>,
    meta: Option<Persistent<Function<'static>>>,
    rejection: Option<Persistent<Function<'static>>>,
}

thread_local! {
    static HOOKS: RefCell<Hooks> = RefCell::default();
}

/// Runs the program that the arguments name; returns its status if it does not end by itself.
pub fn run() -> i32 {
    match start() {
        Ok(()) => 0,
        Err(message) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "node: cannot start: {message}");
            BROKEN
        }
    }
}

fn start() -> std::result::Result<(), String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_max_stack_size(SCRIPT_STACK);
    runtime.set_gc_threshold(COLLECT_AT);
    runtime.set_loader(Sandbox, Sandbox);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, handled| {
        let hook = HOOKS.with(|hooks| hooks.borrow().rejection.clone());
        if let Some(hook) = hook
            && let Ok(hook) = hook.restore(&ctx)
        {
            // A hook that fails has nobody to tell.
            let _ = hook.call::<_, ()>((promise, reason, handled));
        }
    })));
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    let outcome = context.with(|ctx| boot(&ctx).catch(&ctx).map_err(|error| error.to_string()));
    // The process ends: nobody needs to take a heap apart.
    std::mem::forget(context);
    std::mem::forget(runtime);
    outcome
}

fn boot(ctx: &Ctx<'_>) -> Result<()> {
    let binding = binding::install(ctx)?;
    binding.set("builtin", Function::new(ctx.clone(), builtin)?)?;
    binding.set("setHooks", Function::new(ctx.clone(), set_hooks)?)?;
    let names: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    binding.set("builtins", names)?;
    let main = builtin(ctx.clone(), "internal/boot".into())?;
    let main: Function = main.get()?;
    let module = Object::new(ctx.clone())?;
    let exports = Object::new(ctx.clone())?;
    main.call::<_, ()>((exports, ctx.globals(), module, binding))
}

/// The function that a module of ours is: `(exports, require, module, binding, internal)`.
fn builtin<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    #[cfg(feature = "unbaked")]
    if let Ok(source) = std::fs::read_to_string(format!("/opt/node-js/{name}.js")) {
        let source = format!("export default function (exports, require, module, binding, internal) {{{source}\n}}");
        let (module, promise) = Module::declare(ctx.clone(), format!("node:internal:{name}"), source)?.eval()?;
        promise.finish::<()>()?;
        return module.get("default");
    }
    let Ok(index) = MODULES.binary_search_by(|(known, _)| (*known).cmp(name.as_str())) else {
        return Ok(Value::new_undefined(ctx));
    };
    // SAFETY: the bytes are bytecode that build.rs wrote with the same version of the engine.
    let module = unsafe { Module::load(ctx.clone(), MODULES[index].1) }?;
    let (module, promise) = module.eval()?;
    promise.finish::<()>()?;
    module.get("default")
}

fn set_hooks<'js>(
    ctx: Ctx<'js>,
    resolve: Function<'js>,
    load: Function<'js>,
    meta: Function<'js>,
    rejection: Function<'js>,
) {
    HOOKS.with(|hooks| {
        *hooks.borrow_mut() = Hooks {
            resolve: Some(Persistent::save(&ctx, resolve)),
            load: Some(Persistent::save(&ctx, load)),
            meta: Some(Persistent::save(&ctx, meta)),
            rejection: Some(Persistent::save(&ctx, rejection)),
        };
    });
}

fn hook<'js>(ctx: &Ctx<'js>, which: impl Fn(&Hooks) -> Option<Persistent<Function<'static>>>) -> Result<Function<'js>> {
    let hook = HOOKS.with(|hooks| which(&hooks.borrow()));
    hook.ok_or(Error::Unknown)?.restore(ctx)
}

/// Where ES modules come from: what to take is decided by `js/internal/esm.js`.
struct Sandbox;

impl Resolver for Sandbox {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let kind = attributes
            .map(|attributes| attributes.get_type())
            .transpose()?
            .flatten();
        hook(ctx, |hooks| hooks.resolve.clone())?.call((name, base, kind))
    }
}

impl Loader for Sandbox {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let source: rquickjs::String = hook(ctx, |hooks| hooks.load.clone())?.call((name,))?;
        let module = Module::declare(ctx.clone(), name, binding::text::bytes_of(source)?)?;
        let meta = module.meta()?;
        hook(ctx, |hooks| hooks.meta.clone())?.call::<_, ()>((This(Value::new_undefined(ctx.clone())), meta, name))?;
        Ok(module)
    }
}
