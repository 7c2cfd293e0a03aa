// The event loop: ticks, timers, immediates, and what is waited for. Everything that calls a user's function goes
// through `call`, so that what it throws becomes `uncaughtException` and what it queued runs before anything else does.

let ticks = [];
const immediates = [];
let immediate = [];
let uncaughtHandling = false;
let running = false;
const rejections = new Map();

exports.nextTick = function nextTick(callback, ...args) {
  if (typeof callback !== 'function') throw require('internal/errors').argType('callback', 'of type function', callback);
  ticks.push(args.length ? () => callback(...args) : callback);
};

function report(error, origin) {
  const process = globalThis.process;
  process.emit('uncaughtExceptionMonitor', error, origin);
  if (process.listenerCount('uncaughtException') > 0) {
    process.emit('uncaughtException', error, origin);
    return;
  }
  require('internal/fatal').print(error, origin);
  process.exitCode = undefined;
  exit(error && error.__exitCode || 1);
}

exports.uncaught = function uncaught(error, origin = 'uncaughtException') {
  if (exiting && uncaughtHandling) binding.exit(7);
  uncaughtHandling = true;
  try {
    report(error, origin);
  } catch (again) {
    require('internal/fatal').print(again, origin);
    exit(7);
  } finally {
    uncaughtHandling = false;
  }
};

// Ticks and promise jobs, until there are none.
function drain() {
  do {
    while (ticks.length) {
      const now = ticks;
      ticks = [];
      for (let i = 0; i < now.length; i++) {
        try {
          now[i]();
        } catch (error) {
          exports.uncaught(error);
        }
        binding.runJobs();
      }
    }
    binding.runJobs();
    if (!ticks.length && rejections.size) settleRejections();
  } while (ticks.length || rejections.size);
}
exports.drain = drain;

exports.rejected = function rejected(promise, reason, handled) {
  if (handled) {
    if (!rejections.delete(promise) && globalThis.process.listenerCount('rejectionHandled')) {
      ticks.push(() => globalThis.process.emit('rejectionHandled', promise));
    }
  } else {
    rejections.set(promise, reason);
  }
};

function settleRejections() {
  const process = globalThis.process;
  const all = [...rejections];
  rejections.clear();
  for (const [promise, reason] of all) {
    if (process.listenerCount('unhandledRejection') > 0) {
      call(() => process.emit('unhandledRejection', reason, promise));
    } else {
      let error = reason;
      if (!(reason instanceof Error) && !(reason && typeof reason === 'object' && 'stack' in reason)) {
        const { inspect } = require('util');
        error = new Error(`This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${typeof reason === 'string' ? reason : inspect(reason)}".`);
        error.code = 'ERR_UNHANDLED_REJECTION';
        Object.defineProperty(error, 'name', { value: 'UnhandledPromiseRejection', configurable: true });
        error.stack = `[UnhandledPromiseRejection: ${error.message}]`;
      }
      exports.uncaught(error, 'unhandledRejection');
    }
  }
}

function call(callback, ...args) {
  try {
    callback(...args);
  } catch (error) {
    exports.uncaught(error);
  }
  if (running) drain();
}
exports.call = call;

// Timers: a binary heap by time, then by order.
const heap = [];
let order = 0;
const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(timer) {
  let i = heap.length;
  heap.push(timer);
  while (i > 0) {
    const up = (i - 1) >> 1;
    if (!before(heap[i], heap[up])) break;
    [heap[i], heap[up]] = [heap[up], heap[i]];
    i = up;
  }
}

function pop() {
  const top = heap[0];
  const last = heap.pop();
  if (heap.length) {
    heap[0] = last;
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && before(heap[child], heap[least])) least = child;
      }
      if (least === i) break;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
  return top;
}

let referenced = 0;
const live = new Map();
let nextId = 1;

class Timeout {
  constructor(callback, delay, args, repeat) {
    if (typeof callback !== 'function') throw require('internal/errors').argType('callback', 'of type function', callback);
    delay = +delay;
    if (!(delay >= 1 && delay <= 0x7fffffff)) delay = 1;
    this._idleTimeout = delay;
    this._onTimeout = callback;
    this._repeat = repeat ? delay : null;
    this._destroyed = false;
    Object.defineProperties(this, {
      args: { value: args, writable: true },
      entry: { value: null, writable: true },
      referenced: { value: true, writable: true },
      id: { value: nextId++, writable: true },
    });
    referenced++;
    live.set(this.id, this);
    this.schedule();
  }
  schedule() {
    this.entry = { at: binding.now() + this._idleTimeout, order: order++, timer: this };
    push(this.entry);
  }
  ref() {
    if (!this.referenced && !this._destroyed) referenced++;
    this.referenced = true;
    return this;
  }
  unref() {
    if (this.referenced && !this._destroyed) referenced--;
    this.referenced = false;
    return this;
  }
  hasRef() { return this.referenced; }
  refresh() {
    if (!this._destroyed) this.schedule();
    return this;
  }
  close() {
    if (this._destroyed) return this;
    this._destroyed = true;
    this.entry = null;
    live.delete(this.id);
    if (this.referenced) referenced--;
    return this;
  }
  [Symbol.toPrimitive]() { return this.id; }
  [Symbol.dispose || Symbol.for('nodejs.dispose')]() { this.close(); }
}
exports.Timeout = Timeout;
exports.setTimeout = (callback, delay, ...args) => new Timeout(callback, delay, args, false);
exports.setInterval = (callback, delay, ...args) => new Timeout(callback, delay, args, true);
exports.clearTimeout = (timer) => {
  if (timer == null) return;
  if (typeof timer !== 'object') timer = live.get(+timer);
  if (timer instanceof Timeout) timer.close();
};

class Immediate {
  constructor(callback, args) {
    if (typeof callback !== 'function') throw require('internal/errors').argType('callback', 'of type function', callback);
    this._onImmediate = callback;
    Object.defineProperty(this, 'args', { value: args });
    this.cleared = false;
    this.referenced = true;
    immediates.push(this);
  }
  ref() { this.referenced = true; return this; }
  unref() { this.referenced = false; return this; }
  hasRef() { return this.referenced; }
}
exports.setImmediate = (callback, ...args) => new Immediate(callback, args);
exports.clearImmediate = (which) => { if (which) which.cleared = true; };

function fireTimers() {
  const now = binding.now();
  while (heap.length && heap[0].at <= now) {
    const entry = pop();
    const timer = entry.timer;
    if (timer._destroyed || timer.entry !== entry) continue;
    if (timer._repeat === null) {
      timer.close();
      call(() => timer._onTimeout(...timer.args));
    } else {
      call(() => timer._onTimeout(...timer.args));
      if (!timer._destroyed && timer.entry === entry) timer.schedule();
    }
  }
}

function nextTimer() {
  while (heap.length && (heap[0].timer._destroyed || heap[0].timer.entry !== heap[0])) pop();
  return heap.length ? heap[0].at : -1;
}

// Watchers: what wakes the loop up. Kind 0: readable, 1: writable, 2: itself.
const watchers = new Set();

class Watcher {
  constructor(handle, kind, callback) {
    this.handle = handle;
    this.kind = kind;
    this.callback = callback;
    this.referenced = true;
    watchers.add(this);
  }
  stop() { watchers.delete(this); }
  start() { watchers.add(this); }
  get active() { return watchers.has(this); }
  ref() { this.referenced = true; }
  unref() { this.referenced = false; }
}
exports.watch = (handle, kind, callback) => new Watcher(handle, kind, callback);

let pending = 0;
// Keeps the loop alive for as long as something that needs no watcher is under way.
exports.hold = () => { pending++; };
exports.release = () => { pending--; };

function alive() {
  if (pending > 0 || referenced > 0 || ticks.length) return true;
  if (immediates.some((one) => one.referenced && !one.cleared)) return true;
  for (const watcher of watchers) if (watcher.referenced) return true;
  return false;
}

function poll(timeout) {
  const list = [...watchers];
  const what = [];
  for (const watcher of list) what.push(watcher.handle, watcher.kind);
  let ready;
  try {
    ready = binding.poll(what, timeout);
  } catch {
    // A handle was closed under its watcher: find out which.
    for (const watcher of list) {
      try {
        binding.poll([watcher.handle, watcher.kind], 0);
      } catch {
        watcher.stop();
      }
    }
    return;
  }
  for (const index of ready) {
    if (watchers.has(list[index])) call(list[index].callback);
  }
}

function turn() {
  fireTimers();
  if (immediates.length) {
    const now = immediates.splice(0);
    for (const one of now) {
      if (!one.cleared) {
        one.cleared = true;
        call(() => one._onImmediate(...one.args));
      }
    }
  }
  const next = nextTimer();
  let timeout = -1;
  if (immediates.length || ticks.length) timeout = 0;
  else if (!alive()) timeout = 0;
  else if (next >= 0) timeout = Math.max(0, next - binding.now());
  if (watchers.size || timeout > 0) poll(timeout);
}

let exiting = false;
function exit(code) {
  const process = globalThis.process;
  if (code !== undefined) process.exitCode = code;
  if (!exiting) {
    exiting = true;
    process._exiting = true;
    try {
      process.emit('exit', +process.exitCode || 0);
    } catch (error) {
      require('internal/fatal').print(error);
      process.exitCode = 1;
    }
  }
  binding.exit(+process.exitCode || 0);
}
exports.exit = exit;
Object.defineProperty(exports, 'exiting', { get: () => exiting });

exports.run = function run() {
  running = true;
  drain();
  for (;;) {
    while (alive()) turn();
    call(() => globalThis.process.emit('beforeExit', +globalThis.process.exitCode || 0));
    if (alive()) continue;
    // Top-level await of something that nothing will ever settle.
    if (internal.mainPromise && binding.promiseState(internal.mainPromise)[0] === 0) {
      binding.print(2, `Warning: Detected unsettled top-level await at ${internal.mainFile || '[eval]'}\n`);
      exit(13);
    }
    exit();
  }
};

// Waits for a condition with nothing but the given handles: for what is synchronous.
exports.waitFor = (what, timeout) => binding.poll(what, timeout);
