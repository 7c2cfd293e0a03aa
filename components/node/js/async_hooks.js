// AsyncLocalStorage, carried over promises, ticks and timers.
const loop = require('internal/loop');
let current = new Map();
const bind = (fn) => { const kept = current; return function (...args) { const old = current; current = kept; try { return fn.apply(this, args); } finally { current = old; } }; };
let installed = false;
function install() {
  if (installed) return;
  installed = true;
  const then = Promise.prototype.then;
  const wrap = (fn) => (typeof fn === 'function' && current.size ? bind(fn) : fn);
  Object.defineProperty(Promise.prototype, 'then', { value: function (a, b) { return then.call(this, wrap(a), wrap(b)); }, writable: true, configurable: true });
  const tick = process.nextTick;
  process.nextTick = (fn, ...args) => tick(current.size && typeof fn === 'function' ? bind(fn) : fn, ...args);
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) { const old = globalThis[name]; const fn = (f, ...args) => old(current.size && typeof f === 'function' ? bind(f) : f, ...args); Object.defineProperties(fn, Object.getOwnPropertyDescriptors(old)); globalThis[name] = fn; }
  const micro = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (fn) => micro(current.size && typeof fn === 'function' ? bind(fn) : fn);
  void loop;
}
class AsyncLocalStorage {
  static bind(fn) { return bind(fn); }
  static snapshot() { return bind((fn, ...args) => fn(...args)); }
  constructor() { install(); }
  run(store, fn, ...args) { const old = current; current = new Map(old).set(this, store); try { return fn(...args); } finally { current = old; } }
  exit(fn, ...args) { const old = current; current = new Map(old); current.delete(this); try { return fn(...args); } finally { current = old; } }
  enterWith(store) { current = new Map(current).set(this, store); }
  disable() { current = new Map(current); current.delete(this); }
  getStore() { return current.get(this); }
}
class AsyncResource {
  constructor(type) { this.type = type; Object.defineProperty(this, 'kept', { value: current }); }
  static bind(fn) { return bind(fn); }
  bind(fn) { return (...args) => this.runInAsyncScope(fn, undefined, ...args); }
  runInAsyncScope(fn, self, ...args) { const old = current; current = this.kept; try { return fn.apply(self, args); } finally { current = old; } }
  emitDestroy() { return this; }
  asyncId() { return 1; }
  triggerAsyncId() { return 0; }
}
Object.assign(exports, { AsyncLocalStorage, AsyncResource, createHook: () => ({ enable() { return this; }, disable() { return this; } }), executionAsyncId: () => 1, triggerAsyncId: () => 0, executionAsyncResource: () => ({}), asyncWrapProviders: {} });
