// node:test, in one process: what begins runs after the one before, and each says how it went (TAP).
let chain = Promise.resolve();
const totals = { tests: 0, pass: 0, fail: 0, skipped: 0, todo: 0 };
let suite = null;
let begun = false;
const hooks = () => ({ before: [], after: [], beforeEach: [], afterEach: [] });
const top = hooks();
function begin() { if (begun) return; begun = true; console.log('TAP version 13'); process.on('beforeExit', () => { if (begun === 'done') return; begun = 'done'; console.log(`1..${totals.tests}\n# tests ${totals.tests}\n# pass ${totals.pass}\n# fail ${totals.fail}\n# skipped ${totals.skipped}\n# todo ${totals.todo}`); if (totals.fail) process.exitCode = 1; }); }
const parse = (args) => { const fn = args.find((a) => typeof a === 'function'); const options = args.find((a) => a && typeof a === 'object') || {}; const name = typeof args[0] === 'string' ? args[0] : (fn && fn.name) || '<anonymous>'; return { name, options, fn }; };
async function runOne(name, options, fn, depth, around) {
  const n = ++totals.tests;
  const pad = '    '.repeat(depth);
  if (options.skip || !fn) { totals.skipped++; console.log(`${pad}ok ${n} - ${name} # SKIP`); return; }
  let failure = null;
  const subs = [];
  const after = [];
  const context = { name, diagnostic: (m) => console.log(`${pad}# ${m}`), skip: () => { options.skip = true; }, todo() { options.todo = true; }, assert: require('assert'), mock, after: (f) => after.push(f), before: (f) => f(), beforeEach() {}, afterEach() {}, signal: new AbortController().signal, plan() {}, test: (...args) => { const t = parse(args); const p = runOne(t.name, t.options, t.fn, depth + 1, []).then((ok) => { if (ok === false) failure ||= new Error('1 subtest failed'); }); subs.push(p); return p; } };
  try {
    for (const h of around) for (const f of h.beforeEach) await f(context);
    const work = fn.length >= 2 ? new Promise((resolve, reject) => fn(context, (e) => (e ? reject(e) : resolve()))) : fn(context);
    await (options.timeout ? Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(new Error(`test timed out after ${options.timeout}ms`)), options.timeout).unref())]) : work);
    await Promise.all(subs);
  } catch (e) { failure = e; }
  for (const f of after) { try { await f(context); } catch (e) { failure ||= e; } }
  for (const h of around) for (const f of h.afterEach) { try { await f(context); } catch (e) { failure ||= e; } }
  mock.reset();
  if (failure && !options.todo) { totals.fail++; console.log(`${pad}not ok ${n} - ${name}\n${pad}  ---\n${pad}  error: ${JSON.stringify(String(failure.message || failure))}\n${pad}  stack: |-\n${String(failure.stack || '').split('\n').map((l) => `${pad}    ${l}`).join('\n')}\n${pad}  ...`); return false; }
  if (options.todo) totals.todo++; else totals.pass++;
  console.log(`${pad}ok ${n} - ${name}${options.todo ? ' # TODO' : options.skip ? ' # SKIP' : ''}`);
  return true;
}
function test(...args) {
  begin();
  const t = parse(args);
  if (suite) { suite.tests.push(() => runOne(t.name, t.options, t.fn, suite_depth(), suite_hooks())); return Promise.resolve(); }
  chain = chain.then(() => runOne(t.name, t.options, t.fn, 0, [top]));
  return chain;
}
let stack = [];
const suite_depth = () => stack.length;
const suite_hooks = () => [top, ...stack.map((s) => s.hooks)];
function describe(...args) {
  begin();
  const t = parse(args);
  const own = { hooks: hooks(), tests: [], name: t.name };
  const outer = suite;
  suite = own;
  let made;
  try { if (t.fn && !t.options.skip) made = t.fn({ name: t.name }); } finally { suite = outer; }
  const go = async () => { await made; console.log(`${'    '.repeat(stack.length)}# Subtest: ${t.name}`); stack.push(own); try { for (const f of own.hooks.before) await f(); for (const one of own.tests) await one(); for (const f of own.hooks.after) await f(); } finally { stack = stack.filter((s) => s !== own); } };
  if (outer) outer.tests.push(go); else chain = chain.then(go);
  return Promise.resolve();
}
const tracked = [];
function spy(original, implementation = original) {
  const calls = [];
  let now = implementation || (() => undefined);
  const queue = [];
  const fn = function (...args) { const call = { arguments: args, this: this, result: undefined, error: undefined, target: new.target }; calls.push(call); const use = queue.length ? queue.shift() : now; try { call.result = new.target ? Reflect.construct(use, args) : use.apply(this, args); return call.result; } catch (e) { call.error = e; throw e; } };
  fn.mock = { calls, callCount: () => calls.length, resetCalls: () => { calls.length = 0; }, mockImplementation: (f) => { now = f; }, mockImplementationOnce: (f) => queue.push(f), restore() { now = original || (() => undefined); } };
  return fn;
}
const mock = {
  fn: (a, b) => spy(a, b),
  method(object, name, implementation) { const original = object[name]; const s = spy(original, typeof implementation === 'function' ? implementation : original); const had = Object.getOwnPropertyDescriptor(object, name); s.mock.restore = () => { if (had) Object.defineProperty(object, name, had); else delete object[name]; }; Object.defineProperty(object, name, { value: s, configurable: true, writable: true }); tracked.push(s); return s; },
  reset() { for (const s of tracked.splice(0)) s.mock.restore(); }, restoreAll() { mock.reset(); },
  timers: { enable() { throw require('internal/errors').absent('mock.timers'); }, reset() {} },
};
module.exports = Object.assign(test, { test, it: test, describe, suite: describe, mock, ...Object.fromEntries(['before', 'after', 'beforeEach', 'afterEach'].map((k) => [k, (fn) => { (suite ? suite.hooks : top)[k].push(fn); if (k === 'before' && !suite) chain = chain.then(() => fn()); }])) });
process.on('beforeExit', () => { for (const f of top.after.splice(0)) f(); });
for (const f of [test, describe]) { f.skip = (...a) => { const t = parse(a); return f(t.name, { ...t.options, skip: true }, t.fn || (() => {})); }; f.todo = (...a) => { const t = parse(a); return f(t.name, { ...t.options, todo: true }, t.fn || (() => {})); }; f.only = f; }
