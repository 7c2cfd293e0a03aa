// EventEmitter.
let defaultMaxListeners = 10;
const kCapture = Symbol('kCapture');

function EventEmitter(options) { EventEmitter.init.call(this, options); }
module.exports = EventEmitter;
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.usingDomains = false;
EventEmitter.captureRejectionSymbol = Symbol.for('nodejs.rejection');
EventEmitter.errorMonitor = Symbol('events.errorMonitor');
EventEmitter.captureRejections = false;
Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
  enumerable: true, get: () => defaultMaxListeners, set: (n) => { defaultMaxListeners = n; },
});
const proto = EventEmitter.prototype;
proto._events = undefined;
proto._eventsCount = 0;
proto._maxListeners = undefined;

EventEmitter.init = function init(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
  if (options && options.captureRejections) this[kCapture] = true;
};

function check(listener) {
  if (typeof listener !== 'function') throw require('internal/errors').argType('listener', 'of type function', listener);
}

proto.setMaxListeners = function setMaxListeners(n) {
  if (typeof n !== 'number' || n < 0 || Number.isNaN(n)) throw require('internal/errors').range('n', 'a non-negative number', n);
  this._maxListeners = n;
  return this;
};
proto.getMaxListeners = function getMaxListeners() { return this._maxListeners === undefined ? defaultMaxListeners : this._maxListeners; };

proto.emit = function emit(type, ...args) {
  const events = this._events;
  if (type === 'error') {
    if (events && events[EventEmitter.errorMonitor]) this.emit(EventEmitter.errorMonitor, ...args);
    if (!events || events.error === undefined) {
      const error = args[0];
      if (error instanceof Error) throw error;
      const { inspect } = require('util');
      const wrapped = require('internal/errors').coded(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${typeof error === 'string' ? `'${error}'` : inspect(error)})`);
      wrapped.context = error;
      throw wrapped;
    }
  }
  const handler = events && events[type];
  if (handler === undefined) return false;
  const settle = (result) => {
    if (this[kCapture] && result && typeof result.then === 'function') {
      result.then(undefined, (error) => process.nextTick(() => {
        if (typeof this[EventEmitter.captureRejectionSymbol] === 'function') this[EventEmitter.captureRejectionSymbol](error, type, ...args);
        else this.emit('error', error);
      }));
    }
  };
  if (typeof handler === 'function') {
    settle(handler.apply(this, args));
  } else {
    for (const listener of handler.slice()) settle(listener.apply(this, args));
  }
  return true;
};

function add(target, type, listener, prepend) {
  check(listener);
  let events = target._events;
  if (events === undefined) {
    events = target._events = Object.create(null);
    target._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    target.emit('newListener', type, listener.listener || listener);
    events = target._events;
  }
  const existing = events[type];
  if (existing === undefined) {
    events[type] = listener;
    ++target._eventsCount;
  } else {
    if (typeof existing === 'function') events[type] = prepend ? [listener, existing] : [existing, listener];
    else if (prepend) existing.unshift(listener);
    else existing.push(listener);
    const list = events[type];
    const most = target.getMaxListeners ? target.getMaxListeners() : defaultMaxListeners;
    if (most > 0 && list.length > most && !list.warned) {
      list.warned = true;
      const warning = new Error(`Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${require('util').inspect(target, { depth: -1 })}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`);
      warning.name = 'MaxListenersExceededWarning';
      warning.emitter = target;
      warning.type = type;
      warning.count = list.length;
      process.emitWarning(warning);
    }
  }
  return target;
}

proto.addListener = function addListener(type, listener) { return add(this, type, listener, false); };
proto.on = proto.addListener;
proto.prependListener = function prependListener(type, listener) { return add(this, type, listener, true); };

function once(target, type, listener) {
  const wrapper = function (...args) {
    target.removeListener(type, wrapper);
    return listener.apply(target, args);
  };
  wrapper.listener = listener;
  return wrapper;
}
proto.once = function (type, listener) { check(listener); return this.on(type, once(this, type, listener)); };
proto.prependOnceListener = function (type, listener) { check(listener); return this.prependListener(type, once(this, type, listener)); };

proto.removeListener = function removeListener(type, listener) {
  check(listener);
  const events = this._events;
  const list = events && events[type];
  if (list === undefined) return this;
  if (list === listener || list.listener === listener) {
    delete events[type];
    this._eventsCount--;
  } else if (typeof list !== 'function') {
    let at = -1;
    for (let i = list.length - 1; i >= 0; i--) if (list[i] === listener || list[i].listener === listener) { at = i; break; }
    if (at < 0) return this;
    if (list.length === 1) { delete events[type]; this._eventsCount--; }
    else if (list.length === 2) events[type] = list[1 - at];
    else { const copy = list.slice(); copy.splice(at, 1); events[type] = copy; }
  } else {
    return this;
  }
  if (events.removeListener !== undefined) this.emit('removeListener', type, listener.listener || listener);
  return this;
};
proto.off = proto.removeListener;
proto.removeAllListeners = function removeAllListeners(type) {
  const events = this._events;
  if (events === undefined) return this;
  if (arguments.length === 0) {
    if (events.removeListener !== undefined) for (const key of Reflect.ownKeys(events)) if (key !== 'removeListener') this.removeAllListeners(key);
    this._events = Object.create(null);
    this._eventsCount = 0;
    return this;
  }
  const list = events[type];
  if (list === undefined) return this;
  if (typeof list === 'function') this.removeListener(type, list);
  else for (const listener of list.slice().reverse()) this.removeListener(type, listener);
  return this;
};
function listeners(target, type, unwrap) {
  const list = target._events && target._events[type];
  if (list === undefined) return [];
  const all = typeof list === 'function' ? [list] : list.slice();
  return unwrap ? all.map((l) => l.listener || l) : all;
}
proto.listeners = function (type) { return listeners(this, type, true); };
proto.rawListeners = function (type) { return listeners(this, type, false); };
proto.listenerCount = function listenerCount(type, listener) {
  const all = listeners(this, type, true);
  return listener ? all.filter((l) => l === listener).length : all.length;
};
EventEmitter.listenerCount = (emitter, type) => emitter.listenerCount(type);
proto.eventNames = function eventNames() { return this._events ? Reflect.ownKeys(this._events) : []; };

EventEmitter.once = function (emitter, name, options) {
  return new Promise((resolve, reject) => {
    const signal = options && options.signal;
    if (signal && signal.aborted) { reject(new (require('internal/errors').AbortError)(undefined, { cause: signal.reason })); return; }
    if (typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function') {
      emitter.addEventListener(name, (...args) => resolve(args), { once: true });
      return;
    }
    const done = (...args) => { emitter.removeListener('error', failed); resolve(args); };
    const failed = (error) => { emitter.removeListener(name, done); reject(error); };
    emitter.once(name, done);
    if (name !== 'error') emitter.once('error', failed);
    if (signal) signal.addEventListener('abort', () => { emitter.removeListener(name, done); emitter.removeListener('error', failed); reject(new (require('internal/errors').AbortError)(undefined, { cause: signal.reason })); }, { once: true });
  });
};
EventEmitter.on = function (emitter, name, options) {
  const queue = [];
  const waiting = [];
  let error = null;
  let finished = false;
  const handler = (...args) => { if (waiting.length) waiting.shift().resolve({ value: args, done: false }); else queue.push(args); };
  const failed = (e) => { if (waiting.length) waiting.shift().reject(e); else error = e; };
  const end = () => {
    emitter.removeListener(name, handler);
    emitter.removeListener('error', failed);
    finished = true;
    while (waiting.length) waiting.shift().resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  emitter.on(name, handler);
  if (name !== 'error') emitter.on('error', failed);
  for (const type of (options && options.close) || []) emitter.once(type, end);
  if (options && options.signal) options.signal.addEventListener('abort', () => { failed(new (require('internal/errors').AbortError)()); });
  return {
    next() {
      if (queue.length) return Promise.resolve({ value: queue.shift(), done: false });
      if (error) { const e = error; error = null; return Promise.reject(e); }
      if (finished) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: end,
    throw(e) { error = e; end(); return Promise.reject(e); },
    [Symbol.asyncIterator]() { return this; },
  };
};
EventEmitter.setMaxListeners = (n, ...targets) => { if (!targets.length) defaultMaxListeners = n; for (const t of targets) if (t.setMaxListeners) t.setMaxListeners(n); };
EventEmitter.getEventListeners = (target, type) => (target.listeners ? target.listeners(type) : []);
EventEmitter.getMaxListeners = (target) => (target.getMaxListeners ? target.getMaxListeners() : defaultMaxListeners);
EventEmitter.addAbortListener = (signal, listener) => {
  if (signal.aborted) queueMicrotask(() => listener()); else signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose || Symbol.for('nodejs.dispose')]() { signal.removeEventListener('abort', listener); } };
};
class EventEmitterAsyncResource extends EventEmitter {}
EventEmitter.EventEmitterAsyncResource = EventEmitterAsyncResource;
