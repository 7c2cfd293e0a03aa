// fetch and what goes with it.
const { Buffer } = require('buffer');
const kInspect = Symbol.for('nodejs.util.inspect.custom');
// Redirects followed, as the standard has it.
const MOST_REDIRECTS = 20;
const clean = (v) => String(v).replace(/^[\t\r\n ]+|[\t\r\n ]+$/g, '');
class Headers {
  #map = new Map();
  constructor(init) {
    if (init === undefined || init === null) return;
    if (init instanceof Headers) for (const [k, v] of init) this.append(k, v);
    else if (typeof init[Symbol.iterator] === 'function') for (const [k, v] of init) this.append(k, v);
    else for (const k of Object.keys(init)) this.append(k, init[k]);
  }
  #key(k) { k = String(k); if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(k)) throw new TypeError(`Headers: ${k} is an invalid header name.`); return k.toLowerCase(); }
  append(k, v) { k = this.#key(k); v = clean(v); if (/[\0\r\n]/.test(v)) throw new TypeError(`Headers.append: ${v} is an invalid header value.`); const old = this.#map.get(k); if (old) old.push(v); else this.#map.set(k, [v]); }
  set(k, v) { k = this.#key(k); v = clean(v); if (/[\0\r\n]/.test(v)) throw new TypeError(`Headers.set: ${v} is an invalid header value.`); this.#map.set(k, [v]); }
  get(k) { const v = this.#map.get(this.#key(k)); return v ? v.join(k.toLowerCase() === 'cookie' ? '; ' : ', ') : null; }
  has(k) { return this.#map.has(this.#key(k)); }
  delete(k) { this.#map.delete(this.#key(k)); }
  getSetCookie() { return [...(this.#map.get('set-cookie') || [])]; }
  forEach(fn, self) { for (const [k, v] of this) fn.call(self, v, k, this); }
  *entries() { for (const k of [...this.#map.keys()].sort()) { if (k === 'set-cookie') for (const v of this.#map.get(k)) yield [k, v]; else yield [k, this.get(k)]; } }
  *keys() { for (const [k] of this.entries()) yield k; }
  *values() { for (const [, v] of this.entries()) yield v; }
  [Symbol.iterator]() { return this.entries(); }
  [kInspect](d, o) { return `Headers ${require('util').inspect(Object.fromEntries(this), o)}`; }
}
class Blob {
  constructor(parts = [], options = {}) {
    const all = Buffer.concat([...parts].map((p) => (p instanceof Blob ? p.bytes_ : typeof p === 'string' ? Buffer.from(p) : ArrayBuffer.isView(p) ? Buffer.from(p.buffer, p.byteOffset, p.byteLength) : p instanceof ArrayBuffer ? Buffer.from(p) : Buffer.from(String(p)))));
    Object.defineProperty(this, 'bytes_', { value: all });
    Object.defineProperty(this, 'type', { value: String(options.type || '').toLowerCase(), enumerable: true });
  }
  get size() { return this.bytes_.length; }
  async arrayBuffer() { const b = this.bytes_; return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength); }
  async bytes() { return new Uint8Array(await this.arrayBuffer()); }
  async text() { return this.bytes_.toString(); }
  slice(a, b, type) { return new Blob([this.bytes_.subarray(a, b)], { type }); }
  stream() { const b = this.bytes_; return new ReadableStream({ start(c) { if (b.length) c.enqueue(new Uint8Array(b)); c.close(); } }); }
  [kInspect]() { return `${this.constructor.name} { size: ${this.size}, type: '${this.type}' }`; }
}
class File extends Blob { constructor(parts, name, options = {}) { super(parts, options); this.name = String(name); this.lastModified = options.lastModified ?? Date.now(); } }
class FormData {
  #list = [];
  append(k, v, name) { this.#list.push([String(k), v instanceof Blob ? (v instanceof File && name === undefined ? v : new File([v], name ?? v.name ?? 'blob', { type: v.type })) : String(v)]); }
  set(k, v, name) { this.delete(k); this.append(k, v, name); }
  get(k) { const f = this.#list.find(([a]) => a === k); return f ? f[1] : null; }
  getAll(k) { return this.#list.filter(([a]) => a === k).map(([, v]) => v); }
  has(k) { return this.#list.some(([a]) => a === k); }
  delete(k) { this.#list = this.#list.filter(([a]) => a !== k); }
  forEach(fn, self) { for (const [k, v] of this) fn.call(self, v, k, this); }
  *entries() { yield* this.#list.map((p) => [...p]); }
  *keys() { for (const [k] of this.#list) yield k; }
  *values() { for (const [, v] of this.#list) yield v; }
  [Symbol.iterator]() { return this.entries(); }
}
for (const C of [Headers, Blob, FormData]) Object.defineProperty(C.prototype, Symbol.toStringTag, { value: C.name, configurable: true });
const escape = (t) => t.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
// [bytes or stream, content type]
function extract(body) {
  if (body === null || body === undefined) return [null, null];
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain;charset=UTF-8'];
  if (body instanceof URLSearchParams) return [Buffer.from(String(body)), 'application/x-www-form-urlencoded;charset=UTF-8'];
  if (body instanceof Blob) return [body.bytes_, body.type || null];
  if (body instanceof FormData) {
    const mark = `----formdata-${require('crypto').randomBytes(12).toString('hex')}`;
    const parts = [];
    for (const [k, v] of body) {
      if (typeof v === 'string') parts.push(Buffer.from(`--${mark}\r\nContent-Disposition: form-data; name="${escape(k)}"\r\n\r\n${v}\r\n`));
      else parts.push(Buffer.from(`--${mark}\r\nContent-Disposition: form-data; name="${escape(k)}"; filename="${escape(v.name)}"\r\nContent-Type: ${v.type || 'application/octet-stream'}\r\n\r\n`), v.bytes_, Buffer.from('\r\n'));
    }
    parts.push(Buffer.from(`--${mark}--\r\n`));
    return [Buffer.concat(parts), `multipart/form-data; boundary=${mark}`];
  }
  if (ArrayBuffer.isView(body)) return [Buffer.from(body.buffer, body.byteOffset, body.byteLength), null];
  if (body instanceof ArrayBuffer) return [Buffer.from(body), null];
  if (body instanceof ReadableStream) return [body, null];
  if (typeof body[Symbol.asyncIterator] === 'function') return [ReadableStream.from(body), null];
  return [Buffer.from(String(body)), 'text/plain;charset=UTF-8'];
}
class Body {
  _init(body) { Object.defineProperties(this, { _body: { value: body, writable: true }, _used: { value: false, writable: true }, _stream: { value: null, writable: true } }); }
  get body() { if (this._body === null) return null; if (this._body instanceof ReadableStream) return this._body; const b = this._body; return (this._stream ||= new ReadableStream({ start: (c) => { if (b.length) c.enqueue(new Uint8Array(b)); c.close(); } })); }
  get bodyUsed() { return this._used || !!(this._stream && this._stream.locked); }
  async _all() {
    if (this.bodyUsed || (this._body instanceof ReadableStream && this._body.locked)) throw new TypeError('Body is unusable: Body has already been read');
    if (this._body === null) return Buffer.alloc(0);
    this._used = true;
    if (!(this._body instanceof ReadableStream)) return this._body;
    const parts = [];
    for await (const c of this._body) parts.push(typeof c === 'string' ? Buffer.from(c) : Buffer.from(c.buffer, c.byteOffset, c.byteLength));
    return Buffer.concat(parts);
  }
  async arrayBuffer() { const b = await this._all(); return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength); }
  async bytes() { return new Uint8Array(await this.arrayBuffer()); }
  async text() { return new TextDecoder().decode(await this._all()); }
  async json() { return JSON.parse(await this.text()); }
  async blob() { return new Blob([await this._all()], { type: this.headers.get('content-type') || '' }); }
  async formData() {
    const type = this.headers.get('content-type') || '';
    const out = new FormData();
    const data = await this._all();
    if (/urlencoded/.test(type)) { for (const [k, v] of new URLSearchParams(data.toString())) out.append(k, v); return out; }
    const mark = /boundary="?([^";]+)/.exec(type);
    if (!mark) throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
    for (const part of data.latin1Slice().split(`--${mark[1]}`).slice(1, -1)) {
      const at = part.indexOf('\r\n\r\n');
      const head = part.slice(0, at);
      const content = Buffer.from(part.slice(at + 4, -2), 'latin1');
      const name = Buffer.from(/name="([^"]*)"/.exec(head)[1], 'latin1').toString();
      const file = /filename="([^"]*)"/.exec(head);
      if (file) out.append(name, new File([content], Buffer.from(file[1], 'latin1').toString(), { type: (/content-type:\s*(\S+)/i.exec(head) || [])[1] })); else out.append(name, content.toString());
    }
    return out;
  }
}
for (const k of ['_init', '_all']) Object.defineProperty(Body.prototype, k, { enumerable: false });
class Request extends Body {
  constructor(input, init = {}) {
    super();
    const from = input instanceof Request ? input : null;
    Object.defineProperty(this, '_url', { value: new URL(from ? from.url : String(input)) });
    if (this._url.username || this._url.password) throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`);
    const method = init.method ?? (from ? from.method : 'GET');
    this.method = /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
    this.headers = new Headers(init.headers ?? (from ? from.headers : undefined));
    this.redirect = init.redirect ?? (from ? from.redirect : 'follow');
    this.signal = init.signal ?? (from ? from.signal : new AbortController().signal);
    Object.assign(this, { mode: init.mode || 'cors', credentials: init.credentials || 'same-origin', cache: init.cache || 'default', referrer: 'about:client', referrerPolicy: '', integrity: '', keepalive: false, duplex: 'half', destination: '' });
    let [body, type] = init.body !== undefined ? extract(init.body) : from ? [from._body, null] : [null, null];
    if (from && init.body === undefined && from._body) { if (from.bodyUsed) throw new TypeError('Cannot construct a Request with a Request object that has already been used.'); from._used = from._body instanceof ReadableStream; }
    if (body && (this.method === 'GET' || this.method === 'HEAD')) throw new TypeError('Request with GET/HEAD method cannot have body.');
    if (body instanceof ReadableStream && init.body !== undefined && !init.duplex && init.body instanceof ReadableStream) throw new TypeError('RequestInit: duplex option is required when sending a body.');
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type);
    this._init(body);
  }
  get url() { return this._url.href; }
  clone() { const r = new Request(this.url, { method: this.method, headers: this.headers, redirect: this.redirect, signal: this.signal }); if (this._body instanceof ReadableStream) { const [a, b] = this._body.tee(); this._body = a; r._body = b; } else r._body = this._body; return r; }
}
class Response extends Body {
  constructor(body = null, init = {}) {
    super();
    const status = init.status ?? 200;
    if (!(status >= 200 && status <= 599) && !init._any) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    const [data, type] = extract(body);
    if (data && [204, 205, 304].includes(status) && !init._any) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    this.headers = new Headers(init.headers);
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type);
    Object.defineProperties(this, { status: { value: status, enumerable: true }, statusText: { value: init.statusText ?? '', enumerable: true }, type: { value: init._type || 'default', enumerable: true }, url: { value: init._url || '', enumerable: true }, redirected: { value: !!init._redirected, enumerable: true } });
    this._init(data);
  }
  get ok() { return this.status >= 200 && this.status <= 299; }
  clone() { if (this.bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.'); const r = new Response(null, { status: this.status, statusText: this.statusText, headers: this.headers, _url: this.url, _any: true, _type: this.type, _redirected: this.redirected }); if (this._body instanceof ReadableStream) { const [a, b] = this._body.tee(); this._body = a; r._body = b; } else r._body = this._body; return r; }
  static json(data, init = {}) { const headers = new Headers(init.headers); if (!headers.has('content-type')) headers.set('content-type', 'application/json'); return new Response(JSON.stringify(data), { ...init, headers }); }
  static error() { return new Response(null, { status: 0, _any: true, _type: 'error' }); }
  static redirect(url, status = 302) { return new Response(null, { status, headers: { location: String(new URL(url)) } }); }
  [kInspect](d, o) { return `Response ${require('util').inspect({ status: this.status, statusText: this.statusText, headers: this.headers, body: this.body, bodyUsed: this.bodyUsed, ok: this.ok, redirected: this.redirected, type: this.type, url: this.url }, o)}`; }
}
function once(request, url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const http = require(url.protocol === 'https:' ? 'https' : 'http');
    const list = {};
    for (const [k, v] of headers) list[k] = v;
    list.accept ??= '*/*';
    list['accept-language'] ??= '*';
    list['sec-fetch-mode'] ??= 'cors';
    list['user-agent'] ??= 'node';
    list['accept-encoding'] ??= 'gzip, deflate';
    if (body && !(body instanceof ReadableStream)) list['content-length'] = body.length;
    else if (!body && ['POST', 'PUT', 'PATCH'].includes(method)) list['content-length'] = 0;
    const req = http.request({ ...require('url').urlToHttpOptions(url), method, headers: list });
    const stop = () => { req.destroy(request.signal.reason); reject(request.signal.reason); };
    request.signal.addEventListener('abort', stop, { once: true });
    req.on('error', (cause) => reject(request.signal.aborted ? request.signal.reason : Object.assign(new TypeError('fetch failed'), { cause })));
    req.on('response', resolve);
    if (body instanceof ReadableStream) (async () => { for await (const c of body) if (!req.write(c)) await new Promise((r) => req.once('drain', r)); req.end(); })().catch((e) => req.destroy(e));
    else req.end(body || undefined);
  });
}
exports.fetch = async function fetch(input, init) {
  const request = new Request(input, init);
  if (request.signal.aborted) throw request.signal.reason;
  let url = new URL(request.url);
  let { method } = request;
  let body = request._body;
  const headers = new Headers(request.headers);
  if (url.protocol === 'data:') { const [, type, base64, text] = /^data:([^,;]*(?:;[^,;]+)*?)(;base64)?,(.*)$/s.exec(url.href); return new Response(base64 ? Buffer.from(text, 'base64') : Buffer.from(decodeURIComponent(text)), { headers: { 'content-type': type || 'text/plain;charset=US-ASCII' } }); }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw Object.assign(new TypeError('fetch failed'), { cause: new Error('unknown scheme') });
  for (let hops = 0; ; hops++) {
    const res = await once(request, url, method, headers, body);
    const location = res.headers.location;
    if ([301, 302, 303, 307, 308].includes(res.statusCode) && location !== undefined && request.redirect !== 'manual') {
      res.resume();
      if (request.redirect === 'error') throw Object.assign(new TypeError('fetch failed'), { cause: new Error('unexpected redirect') });
      if (hops >= MOST_REDIRECTS) throw Object.assign(new TypeError('fetch failed'), { cause: new Error('redirect count exceeded') });
      const next = new URL(location, url);
      if (next.origin !== url.origin) for (const k of ['authorization', 'proxy-authorization', 'cookie', 'host']) headers.delete(k);
      url = next;
      if (res.statusCode === 303 ? method !== 'HEAD' : [301, 302].includes(res.statusCode) && method === 'POST') { method = method === 'HEAD' ? 'HEAD' : 'GET'; body = null; for (const k of ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']) headers.delete(k); }
      continue;
    }
    const list = [];
    for (let i = 0; i < res.rawHeaders.length; i += 2) list.push([res.rawHeaders[i], res.rawHeaders[i + 1]]);
    let source = res;
    const coding = String(res.headers['content-encoding'] || '').toLowerCase();
    const zlib = coding && require('zlib');
    if (coding === 'gzip' || coding === 'x-gzip') source = res.pipe(zlib.createGunzip());
    else if (coding === 'deflate') source = res.pipe(zlib.createInflate());
    if (source !== res) res.on('error', (e) => source.destroy(e));
    const none = method === 'HEAD' || [204, 205, 304].includes(res.statusCode);
    const stream = none ? null : new ReadableStream({
      start(c) { source.on('data', (d) => { try { c.enqueue(new Uint8Array(d)); } catch {} if (c.desiredSize <= 0) source.pause(); }); source.on('end', () => { try { c.close(); } catch {} }); source.on('error', (e) => c.error(request.signal.aborted ? request.signal.reason : Object.assign(new TypeError('terminated'), { cause: e }))); request.signal.addEventListener('abort', () => { c.error(request.signal.reason); res.destroy(); }, { once: true }); },
      pull() { source.resume(); },
      cancel() { res.destroy(); },
    });
    if (none) res.resume();
    const response = new Response(stream, { status: res.statusCode, statusText: res.statusMessage, headers: list, _url: url.href, _any: true, _type: 'basic', _redirected: hops > 0 });
    return response;
  }
};
Object.assign(exports, { Headers, Request, Response, Blob, File, FormData });
