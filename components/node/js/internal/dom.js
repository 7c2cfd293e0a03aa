// Events and what ends things early, as browsers have them.
const kInspect = Symbol.for('nodejs.util.inspect.custom');
const CODES = { IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5, NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11, SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18, NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23, InvalidNodeTypeError: 24, DataCloneError: 25 };
class DOMException extends Error {
  constructor(message = '', options) {
    super(message);
    const name = typeof options === 'string' ? options : (options && options.name) || 'Error';
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true });
    Object.defineProperty(this, 'code', { value: CODES[name] || 0, configurable: true, writable: true });
    if (options && typeof options === 'object' && 'cause' in options) this.cause = options.cause;
    Error.captureStackTrace(this, DOMException);
    void this.stack;
  }
}
for (const [name, code] of Object.entries(CODES)) { const k = name.replace(/Error$/, '').replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase() + '_ERR'; DOMException[k] = DOMException.prototype[k] = code; }
class Event {
  constructor(type, options = {}) {
    const hidden = { type: `${type}`, bubbles: !!options.bubbles, cancelable: !!options.cancelable, composed: !!options.composed };
    for (const k of Object.keys(hidden)) Object.defineProperty(this, k, { value: hidden[k], enumerable: true, configurable: true });
    Object.defineProperties(this, { _stop: { value: false, writable: true }, _prevented: { value: false, writable: true }, _target: { value: null, writable: true }, timeStamp: { value: binding.now(), enumerable: true } });
  }
  get target() { return this._target; }
  get currentTarget() { return this._target; }
  get srcElement() { return this._target; }
  get defaultPrevented() { return this._prevented; }
  get returnValue() { return !this._prevented; }
  get cancelBubble() { return this._stop; }
  get isTrusted() { return false; }
  get eventPhase() { return this._target ? 2 : 0; }
  preventDefault() { if (this.cancelable) this._prevented = true; }
  stopPropagation() {}
  stopImmediatePropagation() { this._stop = true; }
  composedPath() { return this._target ? [this._target] : []; }
  [kInspect](d, o) { return `${this.constructor.name} ${require('util').inspect({ type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable, timeStamp: this.timeStamp }, o)}`; }
}
class CustomEvent extends Event { constructor(type, options = {}) { super(type, options); Object.defineProperty(this, 'detail', { value: options.detail ?? null, enumerable: true }); } }
class MessageEvent extends Event { constructor(type, options = {}) { super(type, options); this.data = options.data; this.ports = options.ports || []; this.origin = options.origin || ''; this.source = options.source ?? null; } }
class ErrorEvent extends Event { constructor(type, options = {}) { super(type, options); this.message = options.message || ''; this.error = options.error; } }
class CloseEvent extends Event { constructor(type, options = {}) { super(type, options); this.code = options.code || 0; this.reason = options.reason || ''; this.wasClean = !!options.wasClean; } }
const kList = Symbol('listeners');
class EventTarget {
  constructor() { Object.defineProperty(this, kList, { value: new Map() }); }
  addEventListener(type, listener, options) {
    if (!listener) return;
    const o = typeof options === 'boolean' ? { capture: options } : options || {};
    if (o.signal && o.signal.aborted) return;
    const list = this[kList].get(`${type}`) || [];
    if (list.some((l) => l.listener === listener && l.capture === !!o.capture)) return;
    list.push({ listener, once: !!o.once, capture: !!o.capture });
    this[kList].set(`${type}`, list);
    if (o.signal) o.signal.addEventListener('abort', () => this.removeEventListener(type, listener, o), { once: true });
  }
  removeEventListener(type, listener, options) {
    const capture = typeof options === 'boolean' ? options : !!(options && options.capture);
    const list = this[kList].get(`${type}`);
    if (list) this[kList].set(`${type}`, list.filter((l) => l.listener !== listener || l.capture !== capture));
  }
  dispatchEvent(event) {
    event._target = this;
    const call = (fn) => { try { fn(); } catch (error) { process.nextTick(() => { throw error; }); } };
    const handler = this[`on${event.type}`];
    if (typeof handler === 'function') call(() => handler.call(this, event));
    for (const l of [...(this[kList].get(event.type) || [])]) {
      if (event._stop) break;
      if (l.once) this.removeEventListener(event.type, l.listener, l.capture);
      call(() => (typeof l.listener === 'function' ? l.listener.call(this, event) : l.listener.handleEvent(event)));
    }
    return !event.defaultPrevented;
  }
}
for (const C of [Event, EventTarget]) Object.defineProperty(C.prototype, Symbol.toStringTag, { value: C.name, configurable: true });
let making = false;
class AbortSignal extends EventTarget {
  constructor() { if (!making) throw new TypeError('Illegal constructor'); super(); Object.defineProperties(this, { _aborted: { value: false, writable: true }, _reason: { value: undefined, writable: true } }); this.onabort = null; Object.defineProperty(this, 'onabort', { enumerable: false, writable: true }); }
  get aborted() { return this._aborted; }
  get reason() { return this._reason; }
  throwIfAborted() { if (this._aborted) throw this._reason; }
  [kInspect]() { return `AbortSignal { aborted: ${this._aborted} }`; }
  static abort(reason) { const s = make(); s._aborted = true; s._reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason; return s; }
  static timeout(ms) { const s = make(); require('internal/loop').setTimeout(() => abort(s, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref(); return s; }
  static any(signals) { const s = make(); for (const one of signals) { if (one.aborted) { abort(s, one.reason); break; } one.addEventListener('abort', () => abort(s, one.reason), { once: true }); } return s; }
}
const make = () => { making = true; try { return new AbortSignal(); } finally { making = false; } };
function abort(signal, reason) { if (signal._aborted) return; signal._aborted = true; signal._reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason; signal.dispatchEvent(new Event('abort')); }
class AbortController { #signal = make(); get signal() { return this.#signal; } abort(reason) { abort(this.#signal, reason); } [kInspect]() { return `AbortController { signal: AbortSignal { aborted: ${this.#signal.aborted} } }`; } }
Object.defineProperty(AbortSignal.prototype, Symbol.toStringTag, { value: 'AbortSignal', configurable: true });
Object.defineProperty(AbortController.prototype, Symbol.toStringTag, { value: 'AbortController', configurable: true });
const EventEmitter = require('events');
class MessagePort extends EventTarget {
  #other = null; #queue = []; #open = false; #handler = null; #emitter = new EventEmitter(); #held = false;
  static pair() { const a = new MessagePort(); const b = new MessagePort(); a.#other = b; b.#other = a; return [a, b]; }
  postMessage(data) { const other = this.#other; if (!other) return; data = structuredClone(data); if (!other.#open) other.#queue.push(data); else other.#deliver(data); }
  #deliver(data) { require('internal/loop').setImmediate(() => { const e = new MessageEvent('message', { data }); if (this.#handler) this.#handler(e); this.dispatchEvent(e); this.#emitter.emit('message', data); }); }
  get onmessage() { return null; }
  set onmessage(fn) { this.#handler = fn; this.start(); }
  start() { this.#open = true; for (const d of this.#queue.splice(0)) this.#deliver(d); }
  addEventListener(type, ...rest) { super.addEventListener(type, ...rest); if (type === 'message') this.start(); }
  on(name, fn) { this.#emitter.on(name, fn); if (name === 'message') this.start(); return this; }
  once(name, fn) { this.#emitter.once(name, fn); if (name === 'message') this.start(); return this; }
  off(name, fn) { this.#emitter.off(name, fn); return this; }
  close() { if (this.#other) this.#other.#other = null; this.#other = null; this.#emitter.emit('close'); void this.#held; }
  ref() {} unref() {}
}
class MessageChannel { constructor() { [this.port1, this.port2] = MessagePort.pair(); } }
class BroadcastChannel extends EventTarget { constructor(name) { super(); this.name = name; } postMessage() {} close() {} ref() {} unref() {} }
Object.assign(exports, { DOMException, Event, CustomEvent, MessageEvent, ErrorEvent, CloseEvent, EventTarget, AbortSignal, AbortController, MessagePort, MessageChannel, BroadcastChannel });
