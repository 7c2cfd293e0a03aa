// Web streams.
const kInspect = Symbol.for('nodejs.util.inspect.custom');
const later = () => { let resolve; let reject; const promise = new Promise((a, b) => { resolve = a; reject = b; }); promise.catch(() => {}); return { promise, resolve, reject }; };
class ReadableStreamDefaultController {
  constructor(stream) { Object.defineProperty(this, 's', { value: stream }); }
  get desiredSize() { const s = this.s; return s.state === 'errored' ? null : s.state === 'closed' || s.closing ? 0 : s.mark - s.size; }
  enqueue(chunk) {
    const s = this.s;
    if (s.state !== 'readable' || s.closing) throw Object.assign(new TypeError('Invalid state: Controller is already closed'), { code: 'ERR_INVALID_STATE' });
    if (s.waiting.length) s.waiting.shift().resolve({ value: chunk, done: false });
    else { const n = s.sizeOf(chunk); s.queue.push([chunk, n]); s.size += n; }
    s.pullMaybe();
  }
  close() { const s = this.s; if (s.closing || s.state !== 'readable') throw Object.assign(new TypeError('Invalid state: Controller is already closed'), { code: 'ERR_INVALID_STATE' }); s.closing = true; if (!s.queue.length) s.shut(); }
  error(e) { this.s.fail(e); }
  get byobRequest() { return null; }
}
class ReadableStream {
  constructor(source = {}, strategy = {}) {
    const s = { queue: [], size: 0, waiting: [], state: 'readable', closing: false, error: undefined, pulling: false, again: false, started: false, mark: strategy.highWaterMark ?? (source.type === 'bytes' ? 0 : 1), sizeOf: strategy.size || (() => 1), closed: later(), reader: null };
    Object.defineProperty(this, '_', { value: s });
    const controller = new ReadableStreamDefaultController(s);
    s.shut = () => { s.state = 'closed'; for (const w of s.waiting.splice(0)) w.resolve({ value: undefined, done: true }); s.closed.resolve(); };
    s.fail = (e) => { if (s.state !== 'readable') return; s.state = 'errored'; s.error = e; s.queue = []; for (const w of s.waiting.splice(0)) w.reject(e); s.closed.reject(e); };
    s.pullMaybe = () => {
      if (!s.started || s.state !== 'readable' || s.closing || !(s.waiting.length || s.size < s.mark)) return;
      if (s.pulling) { s.again = true; return; }
      s.pulling = true;
      Promise.resolve().then(() => source.pull && source.pull(controller)).then(() => { s.pulling = false; if (s.again) { s.again = false; s.pullMaybe(); } }, (e) => s.fail(e));
    };
    s.cancel = (reason) => { if (s.state === 'closed') return Promise.resolve(); if (s.state === 'errored') return Promise.reject(s.error); s.queue = []; s.shut(); return Promise.resolve(source.cancel ? source.cancel(reason) : undefined).then(() => undefined); };
    const begun = source.start ? source.start(controller) : undefined;
    Promise.resolve(begun).then(() => { s.started = true; s.pullMaybe(); }, (e) => s.fail(e));
  }
  static from(source) { const it = source[Symbol.asyncIterator] ? source[Symbol.asyncIterator]() : source[Symbol.iterator](); return new ReadableStream({ async pull(c) { const { value, done } = await it.next(); if (done) c.close(); else c.enqueue(await value); }, cancel: (r) => it.return && it.return(r) }, { highWaterMark: 0 }); }
  get locked() { return this._.reader !== null; }
  getReader() { return new ReadableStreamDefaultReader(this); }
  cancel(reason) { if (this.locked) return Promise.reject(Object.assign(new TypeError('Invalid state: ReadableStream is locked'), { code: 'ERR_INVALID_STATE' })); return this._.cancel(reason); }
  tee() {
    const reader = this.getReader();
    let reading = false;
    const out = [];
    const pull = async () => { if (reading) return; reading = true; try { const { value, done } = await reader.read(); for (const c of out) { try { if (done) c.close(); else c.enqueue(value); } catch {} } } catch (e) { for (const c of out) c.error(e); } reading = false; };
    return [0, 1].map((i) => new ReadableStream({ start(c) { out[i] = c; }, pull }));
  }
  async pipeTo(dest, o = {}) {
    const reader = this.getReader();
    const writer = dest.getWriter();
    try {
      for (;;) { if (o.signal && o.signal.aborted) throw o.signal.reason; const { value, done } = await reader.read(); if (done) break; await writer.ready; await writer.write(value); }
      if (!o.preventClose) await writer.close();
    } catch (e) { if (!o.preventAbort) await writer.abort(e).catch(() => {}); if (!o.preventCancel) await reader.cancel(e).catch(() => {}); throw e; } finally { reader.releaseLock(); writer.releaseLock(); }
  }
  pipeThrough(pair, o) { this.pipeTo(pair.writable, o).catch(() => {}); return pair.readable; }
  values(o = {}) {
    const reader = this.getReader();
    return { next: async () => { const r = await reader.read(); if (r.done) reader.releaseLock(); return r; }, return: async (v) => { if (!o.preventCancel) await reader.cancel(v); reader.releaseLock(); return { value: v, done: true }; }, [Symbol.asyncIterator]() { return this; } };
  }
  [Symbol.asyncIterator](o) { return this.values(o); }
  [kInspect]() { return `ReadableStream { locked: ${this.locked}, state: '${this._.state}', supportsBYOB: false }`; }
}
class ReadableStreamDefaultReader {
  constructor(stream) { if (stream.locked) throw Object.assign(new TypeError('Invalid state: ReadableStream is locked'), { code: 'ERR_INVALID_STATE' }); Object.defineProperty(this, 's', { value: stream._, writable: true }); stream._.reader = this; }
  get closed() { return this.s ? this.s.closed.promise : Promise.reject(new TypeError('Released')); }
  read() {
    const s = this.s;
    if (!s) return Promise.reject(new TypeError('The reader is not bound to a stream'));
    if (s.queue.length) { const [chunk, n] = s.queue.shift(); s.size -= n; if (s.closing && !s.queue.length) s.shut(); else s.pullMaybe(); return Promise.resolve({ value: chunk, done: false }); }
    if (s.state === 'errored') return Promise.reject(s.error);
    if (s.state === 'closed') return Promise.resolve({ value: undefined, done: true });
    const w = later();
    s.waiting.push(w);
    s.pullMaybe();
    return w.promise;
  }
  cancel(reason) { return this.s ? this.s.cancel(reason) : Promise.reject(new TypeError('Released')); }
  releaseLock() { if (this.s) this.s.reader = null; this.s = null; }
}
class WritableStream {
  constructor(sink = {}, strategy = {}) {
    const s = { state: 'writable', error: undefined, chain: null, pending: 0, mark: strategy.highWaterMark ?? 1, closed: later(), writer: null, sink, drained: null };
    Object.defineProperty(this, '_', { value: s });
    s.controller = { error: (e) => s.fail(e), signal: new AbortController().signal };
    s.fail = (e) => { if (s.state === 'errored' || s.state === 'closed') return; s.state = 'errored'; s.error = e; s.closed.reject(e); if (s.drained) s.drained.reject(e); };
    s.chain = Promise.resolve(sink.start ? sink.start(s.controller) : undefined);
    s.chain.catch((e) => s.fail(e));
  }
  get locked() { return this._.writer !== null; }
  getWriter() { return new WritableStreamDefaultWriter(this); }
  close() { const w = this.getWriter(); const p = w.close(); w.releaseLock(); return p; }
  abort(reason) { const w = this.getWriter(); const p = w.abort(reason); w.releaseLock(); return p; }
}
class WritableStreamDefaultWriter {
  constructor(stream) { if (stream.locked) throw Object.assign(new TypeError('Invalid state: WritableStream is locked'), { code: 'ERR_INVALID_STATE' }); Object.defineProperty(this, 's', { value: stream._, writable: true }); stream._.writer = this; }
  get closed() { return this.s.closed.promise; }
  get desiredSize() { return this.s.state === 'errored' ? null : this.s.mark - this.s.pending; }
  get ready() { const s = this.s; if (s.state === 'errored') return Promise.reject(s.error); if (s.pending < s.mark) return Promise.resolve(); s.drained ||= later(); return s.drained.promise; }
  write(chunk) {
    const s = this.s;
    if (s.state === 'errored') return Promise.reject(s.error);
    if (s.state !== 'writable') return Promise.reject(Object.assign(new TypeError('Invalid state: WritableStream is closed'), { code: 'ERR_INVALID_STATE' }));
    s.pending++;
    const run = s.chain.then(() => { if (s.state === 'errored') throw s.error; return s.sink.write ? s.sink.write(chunk, s.controller) : undefined; });
    const settled = run.then(() => { s.pending--; if (s.drained && s.pending < s.mark) { s.drained.resolve(); s.drained = null; } }, (e) => { s.pending--; s.fail(e); throw e; });
    s.chain = settled.catch(() => {});
    settled.catch(() => {});
    return settled;
  }
  close() { const s = this.s; if (s.state === 'errored') return Promise.reject(s.error); if (s.state !== 'writable') return Promise.reject(Object.assign(new TypeError('Invalid state: WritableStream is closed'), { code: 'ERR_INVALID_STATE' })); s.state = 'closing'; return s.chain.then(() => { if (s.state === 'errored') throw s.error; return s.sink.close ? s.sink.close(s.controller) : undefined; }).then(() => { s.state = 'closed'; s.closed.resolve(); }, (e) => { s.state = 'writable'; s.fail(e); throw e; }); }
  abort(reason) { const s = this.s; if (s.state === 'closed' || s.state === 'errored') return Promise.resolve(); s.fail(reason); return Promise.resolve(s.sink.abort ? s.sink.abort(reason) : undefined).then(() => undefined); }
  releaseLock() { if (this.s) this.s.writer = null; }
}
class TransformStream {
  constructor(t = {}, ws, rs) {
    let c;
    let wake = later();
    this.readable = new ReadableStream({ start(x) { c = x; }, pull() { wake.resolve(); wake = later(); }, cancel: (r) => t.cancel && t.cancel(r) }, rs || { highWaterMark: 0 });
    const controller = { enqueue: (v) => c.enqueue(v), error: (e) => c.error(e), terminate: () => { try { c.close(); } catch {} }, get desiredSize() { return c.desiredSize; } };
    const begun = Promise.resolve(t.start && t.start(controller));
    this.writable = new WritableStream({
      start: () => begun,
      async write(chunk) { if (c.desiredSize <= 0 && !c.s.waiting.length) await wake.promise; if (t.transform) await t.transform(chunk, controller); else controller.enqueue(chunk); },
      async close() { if (t.flush) await t.flush(controller); controller.terminate(); },
      abort: (r) => c.error(r),
    }, ws);
  }
}
class TextEncoderStream extends TransformStream { constructor() { super({ transform: (c, x) => x.enqueue(new TextEncoder().encode(c)) }); } get encoding() { return 'utf-8'; } }
class TextDecoderStream extends TransformStream { constructor(label, o) { const d = new TextDecoder(label, o); super({ transform: (c, x) => { const t = d.decode(c, { stream: true }); if (t) x.enqueue(t); }, flush: (x) => { const t = d.decode(); if (t) x.enqueue(t); } }); this.encoding = d.encoding; } }
const whole = (name) => class extends TransformStream { constructor(format) { const parts = []; super({ transform: (c) => { parts.push(Buffer.from(c)); }, flush: (x) => { const zlib = require('zlib'); const fn = { Compress: { gzip: 'gzipSync', deflate: 'deflateSync', 'deflate-raw': 'deflateRawSync' }, Decompress: { gzip: 'gunzipSync', deflate: 'inflateSync', 'deflate-raw': 'inflateRawSync' } }[name][format]; x.enqueue(new Uint8Array(zlib[fn](Buffer.concat(parts)))); } }); } };
class CountQueuingStrategy { constructor({ highWaterMark }) { this.highWaterMark = highWaterMark; } size() { return 1; } }
class ByteLengthQueuingStrategy { constructor({ highWaterMark }) { this.highWaterMark = highWaterMark; } size(c) { return c.byteLength; } }
Object.assign(exports, { ReadableStream, ReadableStreamDefaultReader, ReadableStreamBYOBReader: ReadableStreamDefaultReader, ReadableStreamDefaultController, WritableStream, WritableStreamDefaultWriter, TransformStream, TextEncoderStream, TextDecoderStream, CompressionStream: whole('Compress'), DecompressionStream: whole('Decompress'), CountQueuingStrategy, ByteLengthQueuingStrategy });
for (const C of [ReadableStream, WritableStream, TransformStream]) Object.defineProperty(C.prototype, Symbol.toStringTag, { value: C.name, configurable: true });
