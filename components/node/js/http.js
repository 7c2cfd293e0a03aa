// HTTP/1.1, as client and as server.
const net = require('net');
const EventEmitter = require('events');
const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const { coded, argType } = require('internal/errors');

const STATUS_CODES = { 100: 'Continue', 101: 'Switching Protocols', 102: 'Processing', 103: 'Early Hints', 200: 'OK', 201: 'Created', 202: 'Accepted', 203: 'Non-Authoritative Information', 204: 'No Content', 205: 'Reset Content', 206: 'Partial Content', 207: 'Multi-Status', 208: 'Already Reported', 226: 'IM Used', 300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified', 305: 'Use Proxy', 307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout', 409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed', 413: 'Payload Too Large', 414: 'URI Too Long', 415: 'Unsupported Media Type', 416: 'Range Not Satisfiable', 417: 'Expectation Failed', 418: "I'm a Teapot", 421: 'Misdirected Request', 422: 'Unprocessable Entity', 423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early', 426: 'Upgrade Required', 428: 'Precondition Required', 429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 451: 'Unavailable For Legal Reasons', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout', 505: 'HTTP Version Not Supported', 506: 'Variant Also Negotiates', 507: 'Insufficient Storage', 508: 'Loop Detected', 509: 'Bandwidth Limit Exceeded', 510: 'Not Extended', 511: 'Network Authentication Required' };
const METHODS = ['ACL', 'BIND', 'CHECKOUT', 'CONNECT', 'COPY', 'DELETE', 'GET', 'HEAD', 'LINK', 'LOCK', 'M-SEARCH', 'MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MOVE', 'NOTIFY', 'OPTIONS', 'PATCH', 'POST', 'PROPFIND', 'PROPPATCH', 'PURGE', 'PUT', 'QUERY', 'REBIND', 'REPORT', 'SEARCH', 'SOURCE', 'SUBSCRIBE', 'TRACE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE'];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// A head larger than this is refused, as node has it.
const MOST_HEAD = 16384;
const validateHeaderName = (name) => { if (typeof name !== 'string' || !TOKEN.test(name)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`); };
const validateHeaderValue = (name, value) => { if (value === undefined) throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`); if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value))) throw coded(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`); };
const SINGLE = new Set(['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent']);

class IncomingMessage extends Readable {
  constructor(socket) {
    super({});
    Object.assign(this, { httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1, complete: false, rawHeaders: [], rawTrailers: [], aborted: false, upgrade: null, url: '', method: null, statusCode: null, statusMessage: null, socket });
    Object.defineProperty(this, '_headers', { value: null, writable: true });
  }
  get connection() { return this.socket; }
  get headers() {
    if (!this._headers) {
      const out = {};
      for (let i = 0; i < this.rawHeaders.length; i += 2) {
        const k = this.rawHeaders[i].toLowerCase();
        const v = this.rawHeaders[i + 1];
        if (k === 'set-cookie') (out[k] ||= []).push(v);
        else if (k in out) { if (!SINGLE.has(k)) out[k] += (k === 'cookie' ? '; ' : ', ') + v; } else out[k] = v;
      }
      this._headers = out;
    }
    return this._headers;
  }
  set headers(v) { this._headers = v; }
  get headersDistinct() { const out = {}; for (let i = 0; i < this.rawHeaders.length; i += 2) (out[this.rawHeaders[i].toLowerCase()] ||= []).push(this.rawHeaders[i + 1]); return out; }
  get trailers() { const out = {}; for (let i = 0; i < this.rawTrailers.length; i += 2) out[this.rawTrailers[i].toLowerCase()] = this.rawTrailers[i + 1]; return out; }
  setTimeout(ms, cb) { if (cb) this.on('timeout', cb); this.socket.setTimeout(ms); return this; }
  _read() { if (this.socket && this.socket.resume) this.socket.resume(); }
  _destroy(error, callback) { if (!this.complete && !this.readableEnded) { this.aborted = true; if (!error && this.req) error = Object.assign(new Error('aborted'), { code: 'ECONNRESET' }); this.emit('aborted'); if (this.socket && !this.socket.destroyed) this.socket.destroy(); } process.nextTick(callback, error); }
}

// Reads messages from a connection; `on` gets head, body, end and error.
class Parser {
  constructor(on, isResponse) { this.on = on; this.isResponse = isResponse; this.rest = Buffer.alloc(0); this.state = 'head'; this.left = 0; this.noBody = false; }
  feed(chunk) {
    this.rest = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    while (this.state !== 'stop' && this._step());
  }
  _fail(message, code = 'HPE_INVALID_CONSTANT') { this.state = 'stop'; this.on.error(Object.assign(new Error(`Parse Error: ${message}`), { code, reason: message, bytesParsed: 0, rawPacket: this.rest })); return false; }
  _line() { const at = this.rest.indexOf('\n'); if (at < 0) { if (this.rest.length > MOST_HEAD) this._fail('Header overflow', 'HPE_HEADER_OVERFLOW'); return null; } const line = this.rest.latin1Slice(0, at > 0 && this.rest[at - 1] === 13 ? at - 1 : at); this.rest = this.rest.subarray(at + 1); return line; }
  _step() {
    switch (this.state) {
      case 'head': {
        while (this.rest.length && (this.rest[0] === 13 || this.rest[0] === 10) && !this.started) this.rest = this.rest.subarray(1);
        if (!this.rest.length) return false;
        let at = this.rest.indexOf('\r\n\r\n');
        let skip = 4;
        const bare = this.rest.indexOf('\n\n');
        if (bare >= 0 && (at < 0 || bare < at)) { at = bare; skip = 2; }
        if (at < 0) { if (this.rest.length > MOST_HEAD) return this._fail('Header overflow', 'HPE_HEADER_OVERFLOW'); return false; }
        const lines = this.rest.latin1Slice(0, at).split(/\r?\n/);
        if (at > MOST_HEAD * 4) return this._fail('Header overflow', 'HPE_HEADER_OVERFLOW');
        const head = { raw: [] };
        const first = lines.shift();
        const m = this.isResponse ? /^HTTP\/(\d)\.(\d) (\d{3})(?: (.*))?$/.exec(first) : /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\S+) HTTP\/(\d)\.(\d)$/.exec(first);
        if (!m) return this._fail(this.isResponse ? 'Expected HTTP/' : 'Invalid method encountered', this.isResponse ? 'HPE_INVALID_CONSTANT' : 'HPE_INVALID_METHOD');
        if (this.isResponse) Object.assign(head, { major: +m[1], minor: +m[2], status: +m[3], message: m[4] || '' }); else Object.assign(head, { method: m[1], url: m[2], major: +m[3], minor: +m[4] });
        let length;
        let chunked = false;
        let connection = '';
        for (const line of lines) {
          const colon = line.indexOf(':');
          const name = line.slice(0, colon);
          if (colon <= 0 || !TOKEN.test(name)) return this._fail('Invalid header token', 'HPE_INVALID_HEADER_TOKEN');
          const value = line.slice(colon + 1).trim();
          head.raw.push(name, value);
          const k = name.toLowerCase();
          if (k === 'content-length') { if (!/^\d+$/.test(value) || (length !== undefined && length !== +value)) return this._fail('Invalid character in Content-Length', 'HPE_INVALID_CONTENT_LENGTH'); length = +value; }
          else if (k === 'transfer-encoding') { if (/chunked\s*$/i.test(value)) chunked = true; else if (!this.isResponse) return this._fail('Request has invalid `Transfer-Encoding`', 'HPE_INVALID_TRANSFER_ENCODING'); }
          else if (k === 'connection') connection += `,${value.toLowerCase()}`;
          else if (k === 'upgrade') head.upgrade = value;
        }
        if (chunked && length !== undefined && !this.isResponse) return this._fail("Content-Length can't be present with Transfer-Encoding", 'HPE_INVALID_TRANSFER_ENCODING');
        this.rest = this.rest.subarray(at + skip);
        head.keepAlive = head.minor >= 1 ? !/\bclose\b/.test(connection) : /keep-alive/.test(connection);
        head.upgrading = head.upgrade !== undefined && /upgrade/.test(connection);
        const none = this.on.head(head);
        if (none === 'upgrade') { this.state = 'stop'; return false; }
        if (none === 'again') return true;
        if (none || (this.isResponse && (head.status < 200 || head.status === 204 || head.status === 304))) { this._end(); return true; }
        if (chunked) this.state = 'size';
        else if (length !== undefined) { this.left = length; this.state = 'body'; if (length === 0) this._end(); }
        else if (this.isResponse) this.state = 'all';
        else this._end();
        return true;
      }
      case 'body': {
        if (!this.rest.length) return false;
        const part = this.rest.subarray(0, this.left);
        this.rest = this.rest.subarray(part.length);
        this.left -= part.length;
        this.on.body(part);
        if (this.left === 0) { if (this.chunk) this.state = 'after'; else this._end(); }
        return true;
      }
      case 'all': { if (!this.rest.length) return false; const part = this.rest; this.rest = Buffer.alloc(0); this.on.body(part); return false; }
      case 'size': {
        const line = this._line();
        if (line === null) return false;
        const m = /^([0-9a-fA-F]{1,12})\s*(;.*)?$/.exec(line);
        if (!m) return this._fail('Invalid character in chunk size', 'HPE_INVALID_CHUNK_SIZE');
        this.left = parseInt(m[1], 16);
        this.chunk = true;
        this.state = this.left ? 'body' : 'trailer';
        return true;
      }
      case 'after': { const line = this._line(); if (line === null) return false; if (line !== '') return this._fail('Expected LF after chunk data', 'HPE_STRICT'); this.state = 'size'; return true; }
      case 'trailer': { const line = this._line(); if (line === null) return false; if (line === '') { this.chunk = false; this._end(); } else { const colon = line.indexOf(':'); if (colon > 0) this.on.trailer(line.slice(0, colon), line.slice(colon + 1).trim()); } return true; }
      default: return false;
    }
  }
  _end() { this.state = 'head'; this.chunk = false; this.on.end(); }
  // The connection has ended.
  finish() { if (this.state === 'all') { this.state = 'stop'; this.on.end(); return true; } return this.state === 'head' || this.state === 'stop'; }
}

class OutgoingMessage extends Writable {
  constructor() {
    super({ decodeStrings: true, highWaterMark: 65536, autoDestroy: false });
    Object.assign(this, { headersSent: false, sendDate: false, shouldKeepAlive: true, chunkedEncoding: false, finished: false, useChunkedEncodingByDefault: true });
    for (const [k, v] of Object.entries({ _list: new Map(), socket: null, _queue: [], _noBody: false, _trailers: null, _length: null, _ended: false })) Object.defineProperty(this, k, { value: v, writable: true, configurable: true, enumerable: false });
  }
  get connection() { return this.socket; }
  get _header() { return this.headersSent ? this._head || true : null; }
  setHeader(name, value) {
    if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client');
    validateHeaderName(name);
    if (Array.isArray(value)) value.forEach((v) => validateHeaderValue(name, v)); else validateHeaderValue(name, value);
    this._list.set(name.toLowerCase(), [name, value]);
    return this;
  }
  setHeaders(headers) { for (const [k, v] of headers instanceof Map || typeof headers.entries === 'function' ? headers.entries() : Object.entries(headers)) this.setHeader(k, v); return this; }
  appendHeader(name, value) { const old = this.getHeader(name); this.setHeader(name, old === undefined ? value : [].concat(old, value)); return this; }
  getHeader(name) { const found = this._list.get(String(name).toLowerCase()); return found && found[1]; }
  getHeaderNames() { return [...this._list.keys()]; }
  getRawHeaderNames() { return [...this._list.values()].map(([k]) => k); }
  getHeaders() { const out = Object.create(null); for (const [k, [, v]] of this._list) out[k] = v; return out; }
  hasHeader(name) { return this._list.has(String(name).toLowerCase()); }
  removeHeader(name) { if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot remove headers after they are sent to the client'); this._list.delete(String(name).toLowerCase()); }
  addTrailers(trailers) { this._trailers = trailers; }
  flushHeaders() { if (!this.headersSent) this._sendHead(false); }
  setTimeout(ms, cb) { if (cb) this.on('timeout', cb); const set = (s) => { s.setTimeout(ms); s.on('timeout', () => this.emit('timeout')); }; if (this.socket) set(this.socket); else this.once('socket', set); return this; }
  _headText(first, whole) {
    const lines = [first];
    for (const [k, [name, value]] of this._list) for (const v of Array.isArray(value) && k !== 'cookie' ? value : [Array.isArray(value) ? value.join('; ') : value]) lines.push(`${name}: ${v}`);
    const has = (k) => this._list.has(k);
    if (this.sendDate && !has('date')) lines.push(`Date: ${new Date().toUTCString()}`);
    if (!has('connection')) lines.push(this.shouldKeepAlive ? 'Connection: keep-alive' : 'Connection: close');
    else if (/close/i.test(String(this.getHeader('connection')))) this.shouldKeepAlive = false;
    if (this.shouldKeepAlive && this.sendDate && !has('keep-alive')) lines.push('Keep-Alive: timeout=5');
    if (!this._noBody) {
      if (has('transfer-encoding')) this.chunkedEncoding = /chunked/i.test(String(this.getHeader('transfer-encoding')));
      else if (!has('content-length')) {
        if (whole !== false) { if (whole > 0 || this.useChunkedEncodingByDefault || this.sendDate) lines.push(`Content-Length: ${whole}`); }
        else if (this.useChunkedEncodingByDefault || this.sendDate) { this.chunkedEncoding = true; lines.push('Transfer-Encoding: chunked'); }
      }
    }
    return `${lines.join('\r\n')}\r\n\r\n`;
  }
  _raw(data) { if (this.socket && !this.socket.destroyed) return this.socket.write(data); if (!this.socket) this._queue.push(data); return true; }
  _assign(socket) { this.socket = socket; for (const d of this._queue.splice(0)) socket.write(d); }
  write(chunk, encoding, callback) {
    if (this._ended) { const e = coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'); const cb = typeof encoding === 'function' ? encoding : callback; process.nextTick(() => { if (typeof cb === 'function') cb(e); this.emit('error', e); }); return false; }
    return super.write(chunk, encoding, callback);
  }
  _write(chunk, encoding, callback) {
    if (!this.headersSent) this._sendHead(false);
    if (this._noBody) { callback(); return; }
    let ok;
    if (this.chunkedEncoding) ok = this._raw(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    else ok = this._raw(chunk);
    if (ok || !this.socket) callback();
    else { const s = this.socket; const go = () => { s.removeListener('drain', go); s.removeListener('close', go); callback(); }; s.on('drain', go); s.on('close', go); }
  }
  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') { callback = chunk; chunk = undefined; } else if (typeof encoding === 'function') { callback = encoding; encoding = undefined; }
    if (this._ended) return super.end(callback);
    this.finished = true;
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) throw argType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
    if (!this.headersSent && !this.writableLength) {
      const data = chunk === undefined || chunk === null ? Buffer.alloc(0) : typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      this._sendHead(data.length, data);
      this._ended = true;
      return super.end(callback);
    }
    const result = super.end(chunk, encoding, callback);
    this._ended = true;
    return result;
  }
  _final(callback) {
    if (!this.headersSent) this._sendHead(0);
    if (this.chunkedEncoding && !this._noBody) { let t = '0\r\n'; if (this._trailers) for (const [k, v] of Array.isArray(this._trailers) ? this._trailers : Object.entries(this._trailers)) t += `${k}: ${v}\r\n`; this._raw(`${t}\r\n`); }
    callback();
    process.nextTick(() => this._sent());
  }
  _sent() {}
}

class ServerResponse extends OutgoingMessage {
  constructor(req) { super(); this.statusCode = 200; this.statusMessage = undefined; this.sendDate = true; this.req = req; this._noBody = req.method === 'HEAD'; if (req.httpVersionMinor === 0) this.useChunkedEncodingByDefault = false; }
  writeHead(status, message, headers) {
    if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot write headers after they are sent to the client');
    status |= 0;
    if (status < 100 || status > 999) throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${status}`);
    if (typeof message !== 'string') { headers = message; message = undefined; }
    this.statusCode = status;
    if (message !== undefined) this.statusMessage = message;
    if (Array.isArray(headers)) { if (Array.isArray(headers[0])) for (const [k, v] of headers) this.appendHeader(k, v); else for (let i = 0; i < headers.length; i += 2) this.setHeader(headers[i], headers[i + 1]); } else if (headers) for (const k of Object.keys(headers)) if (headers[k] !== undefined) this.setHeader(k, headers[k]);
    Object.defineProperty(this, '_wrote', { value: true, configurable: true });
    return this;
  }
  writeContinue() { this._raw('HTTP/1.1 100 Continue\r\n\r\n'); }
  writeEarlyHints() {}
  writeProcessing() {}
  _implicitHeader() { this.writeHead(this.statusCode); }
  _sendHead(whole, data) {
    if (this.statusCode === 204 || this.statusCode === 304 || this.statusCode < 200) { this._noBody = true; }
    this.statusMessage ??= STATUS_CODES[this.statusCode] || 'unknown';
    if (this.req.method === 'HEAD' && whole === 0) whole = false;
    const head = this._headText(`HTTP/1.1 ${this.statusCode} ${this.statusMessage}`, whole);
    this.headersSent = true;
    this._raw(data && data.length && !this._noBody && !this.chunkedEncoding ? Buffer.concat([Buffer.from(head, 'latin1'), data]) : Buffer.from(head, 'latin1'));
    if (data && data.length && this.chunkedEncoding && !this._noBody) this._raw(Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]));
  }
  assignSocket(s) { this._assign(s); }
  detachSocket() { this.socket = null; }
  _destroy(error, callback) { if (this.socket && !this.writableFinished) this.socket.destroy(error); callback(error); }
}

class Server extends net._Server {
  constructor(options, listener) {
    if (typeof options === 'function') { listener = options; options = {}; }
    super({ ...options, allowHalfOpen: true });
    Object.assign(this, { timeout: 0, keepAliveTimeout: 5000, headersTimeout: 60000, requestTimeout: 300000, maxHeadersCount: null, maxRequestsPerSocket: 0 });
    if (listener) this.on('request', listener);
    this.on('connection', (socket) => serve(this, socket));
  }
  setTimeout(ms, cb) { this.timeout = ms; if (cb) this.on('timeout', cb); return this; }
  closeAllConnections() { for (const s of this.sockets) s.destroy(); }
  closeIdleConnections() { for (const s of this.sockets) if (!s._busy) s.destroy(); }
  close(callback) { super.close(callback); this.closeIdleConnections(); return this; }
}
function serve(server, socket) {
  let req = null;
  const waiting = [];
  let current = null;
  const next = () => {
    if (current || !waiting.length) return;
    current = waiting.shift();
    const { res, keepAlive } = current;
    res._sent = () => {
      current = null;
      if (!res.shouldKeepAlive || !keepAlive) { socket.destroySoon(); return; }
      if (!res.req.readableEnded) res.req.resume();
      socket._busy = waiting.length > 0;
      if (!socket._busy && !server.listening) socket.destroySoon();
      else if (!socket._busy && server.keepAliveTimeout) socket.setTimeout(server.keepAliveTimeout + 1000);
      next();
    };
    res._assign(socket);
  };
  socket.on('timeout', () => { if (!socket._busy) socket.destroy(); else if (server.listenerCount('timeout')) server.emit('timeout', socket); });
  const parser = new Parser({
    head(h) {
      socket.setTimeout(server.timeout || 0);
      socket._busy = true;
      req = new IncomingMessage(socket);
      Object.assign(req, { method: h.method, url: h.url, rawHeaders: h.raw, httpVersion: `${h.major}.${h.minor}`, httpVersionMajor: h.major, httpVersionMinor: h.minor });
      if (h.upgrading && server.listenerCount('upgrade') > 0 || h.method === 'CONNECT') {
        const name = h.method === 'CONNECT' ? 'connect' : 'upgrade';
        req.complete = true;
        req.upgrade = true;
        socket.removeListener('data', ondata);
        socket.removeListener('end', onend);
        const rest = parser.rest;
        if (server.listenerCount(name) > 0) server.emit(name, req, socket, rest); else socket.destroy();
        return 'upgrade';
      }
      const res = new ServerResponse(req);
      res.shouldKeepAlive = h.keepAlive;
      waiting.push({ res, keepAlive: h.keepAlive });
      const now = req;
      const gone = () => { if (!res.writableFinished) { res.destroyed || res.emit('close'); } if (!now.complete) now.destroy(); };
      socket.once('close', gone);
      res.once('finish', () => { socket.removeListener('close', gone); process.nextTick(() => { if (!res.destroyed) res.emit('close'); }); });
      next();
      if (/100-continue/i.test(req.headers.expect || '')) { if (server.listenerCount('checkContinue')) { server.emit('checkContinue', req, res); return false; } res.writeContinue(); }
      if (h.minor === 1 && req.headers.host === undefined) { res.shouldKeepAlive = false; res.statusCode = 400; res.end(); return false; }
      server.emit('request', req, res);
      return false;
    },
    body(part) { if (req && !req.push(part)) socket.pause(); },
    trailer(k, v) { req.rawTrailers.push(k, v); },
    end() { if (req) { req.complete = true; req.push(null); } },
    error(error) {
      if (server.listenerCount('clientError')) { server.emit('clientError', error, socket); return; }
      if (socket.writable) socket.end(`HTTP/1.1 ${error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
      else socket.destroy();
    },
  }, false);
  const ondata = (chunk) => parser.feed(chunk);
  const onend = () => { if (!parser.finish() && req && !req.complete) { req.destroy(); socket.destroy(); return; } if (!current && !waiting.length) socket.end(); };
  socket.on('data', ondata);
  socket.on('end', onend);
  socket.on('error', (error) => { if (server.listenerCount('clientError')) server.emit('clientError', error, socket); });
}

class Agent extends EventEmitter {
  constructor(options = {}) { super(); this.options = { ...options }; this.defaultPort = 80; this.protocol = 'http:'; this.keepAlive = !!options.keepAlive; this.maxSockets = options.maxSockets || Infinity; this.maxFreeSockets = options.maxFreeSockets ?? 256; this.sockets = {}; this.requests = {}; this.freeSockets = {}; }
  getName(o) { return `${o.host || 'localhost'}:${o.port || ''}:${o.localAddress || ''}`; }
  createConnection(o, callback) { return net.connect(o, callback); }
  _take(o) { const list = this.freeSockets[this.getName(o)]; while (list && list.length) { const s = list.pop(); if (!s.destroyed && s.writable) { s.ref && s.ref(); return s; } } return null; }
  _give(o, s) {
    if (!this.keepAlive || s.destroyed || !s.writable) { s.destroy(); return; }
    const list = (this.freeSockets[this.getName(o)] ||= []);
    if (list.length >= this.maxFreeSockets) { s.destroy(); return; }
    list.push(s);
    s.unref && s.unref();
    s.read(0);
    s.removeAllListeners('timeout');
    s.setTimeout(this.options.timeout || 5000, () => s.destroy());
    if (s._kept) return;
    Object.defineProperty(s, '_kept', { value: true });
    s.once('close', () => { const at = list.indexOf(s); if (at >= 0) list.splice(at, 1); });
    s.once('end', () => { if (list.includes(s)) s.destroy(); });
  }
  destroy() { for (const list of Object.values(this.freeSockets)) for (const s of list) s.destroy(); }
}
const globalAgent = new Agent({ keepAlive: true, timeout: 5000 });

class ClientRequest extends OutgoingMessage {
  constructor(input, options, callback) {
    super();
    if (typeof input === 'string') input = require('url').urlToHttpOptions(new URL(input));
    else if (input instanceof URL) input = require('url').urlToHttpOptions(input);
    else { callback = options; options = input; input = {}; }
    if (typeof options === 'function') { callback = options; options = {}; }
    options = { ...input, ...options };
    const agent = options.agent === false ? new Agent() : options.agent || options._defaultAgent || globalAgent;
    const protocol = options.protocol || agent.protocol || 'http:';
    const secure = options._secure || agent.protocol === 'https:';
    if (protocol !== (secure ? 'https:' : 'http:') && !(agent.protocol === undefined)) throw coded(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${secure ? 'https:' : 'http:'}"`);
    this.agent = agent;
    this.method = (options.method || 'GET').toUpperCase();
    if (!TOKEN.test(this.method)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${options.method}"]`);
    this.path = options.path || '/';
    if (/[^\u0021-\u00ff]/.test(this.path)) throw coded(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
    this.host = (options.hostname || options.host || 'localhost').replace(/^\[|\]$/g, '');
    this.protocol = protocol;
    const port = +(options.port || options.defaultPort || agent.defaultPort || (secure ? 443 : 80));
    this.port = port;
    this.res = null;
    this.aborted = false;
    this.reusedSocket = false;
    this.maxHeadersCount = null;
    this.useChunkedEncodingByDefault = !['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'].includes(this.method);
    this.shouldKeepAlive = agent.keepAlive !== false;
    const headers = options.headers;
    if (Array.isArray(headers)) { if (Array.isArray(headers[0])) for (const [k, v] of headers) this.setHeader(k, v); else for (let i = 0; i < headers.length; i += 2) this.setHeader(headers[i], headers[i + 1]); } else if (headers) for (const [k, v] of typeof headers.entries === 'function' && !(headers instanceof Map) && typeof headers.get === 'function' ? headers.entries() : Object.entries(headers)) if (v !== undefined) this.setHeader(k, v);
    if (!this.hasHeader('host') && options.setHost !== false) { const list = [['host', ['Host', `${this.host.includes(':') ? `[${this.host}]` : this.host}${port !== (secure ? 443 : 80) ? `:${port}` : ''}`]], ...this._list]; this._list = new Map(list); }
    if (options.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
    if (callback) this.once('response', callback);
    if (options.timeout) this.timeout = options.timeout;
    if (options.signal) { const stop = () => this.destroy(new (require('internal/errors').AbortError)(undefined, { cause: options.signal.reason })); if (options.signal.aborted) process.nextTick(stop); else options.signal.addEventListener('abort', stop, { once: true }); }
    const where = { ...options, host: this.host, port, servername: options.servername || (net.isIP(this.host) ? this.host : this.host) };
    delete where.path;
    delete where.signal;
    Object.defineProperty(this, '_where', { value: where });
    process.nextTick(() => {
      if (this.destroyed) return;
      let socket = options.createConnection ? null : agent._take && agent._take(where);
      if (socket) { this.reusedSocket = true; socket.removeAllListeners('timeout'); socket.setTimeout(0); this._use(socket); return; }
      let given = false;
      const got = (error, s) => { if (given) return; given = true; if (error) this.destroy(error); else this._use(s); };
      try { socket = options.createConnection ? options.createConnection(where, got) : agent.createSocket ? agent.createSocket(this, where, got) : agent.createConnection(where, undefined); } catch (e) { this.destroy(e); return; }
      if (socket) got(null, socket);
    });
  }
  _use(socket) {
    if (this.destroyed) { socket.destroy(); return; }
    let res = null;
    const finish = (keep) => { socket.removeListener('data', ondata); socket.removeListener('end', onend); socket.removeListener('close', onclose); socket.removeListener('error', onerror); if (keep && this.shouldKeepAlive && this.agent._give) this.agent._give(this._where, socket); else socket.destroy(); };
    const parser = new Parser({
      head: (h) => {
        if (h.status === 100) { this.emit('continue'); return 'again'; }
        if (h.status < 200 && h.status !== 101) { this.emit('information', { statusCode: h.status, statusMessage: h.message, httpVersion: `${h.major}.${h.minor}` }); return 'again'; }
        res = this.res = new IncomingMessage(socket);
        res.req = this;
        Object.assign(res, { statusCode: h.status, statusMessage: h.message, rawHeaders: h.raw, httpVersion: `${h.major}.${h.minor}`, httpVersionMajor: h.major, httpVersionMinor: h.minor });
        if (!h.keepAlive) this.shouldKeepAlive = false;
        if (h.status === 101 || (this.method === 'CONNECT' && h.status < 300)) {
          const name = h.status === 101 ? 'upgrade' : 'connect';
          socket.removeListener('data', ondata); socket.removeListener('end', onend); socket.removeListener('close', onclose); socket.removeListener('error', onerror);
          res.complete = true;
          if (this.listenerCount(name)) this.emit(name, res, socket, parser.rest); else socket.destroy();
          return 'upgrade';
        }
        if (!this.emit('response', res)) res._dump = true, res.resume();
        return this.method === 'HEAD';
      },
      body: (part) => { if (!res.push(part)) socket.pause(); },
      trailer: (k, v) => res.rawTrailers.push(k, v),
      end: () => {
        if (!res) return;
        res.complete = true;
        const bounded = parser.state !== 'stop';
        res.push(null);
        const done = () => { const now = () => { finish(bounded); if (!this.destroyed && !this._closedOnce) { this._closedOnce = true; this.emit('close'); } }; if (this.writableFinished) now(); else this.once('finish', now); };
        if (bounded) parser.state = 'stop';
        if (res.readableEnded) done(); else { res.once('end', done); res.once('close', () => { if (!res.readableEnded) done(); }); }
      },
      error: (error) => { this.destroy(error); socket.destroy(); },
    }, true);
    const ondata = (chunk) => parser.feed(chunk);
    const hang = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const onend = () => { if (!parser.finish()) { if (res) res.destroy(); } if (!res) this.destroy(hang()); };
    const onclose = () => { if (res) { if (!res.complete) { if (!parser.finish() || !res.complete) res.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })); } } else if (!this.destroyed) this.destroy(hang()); };
    const onerror = (error) => { if (res && !res.complete) res.destroy(error); else this.destroy(error); };
    socket.on('data', ondata);
    socket.on('end', onend);
    socket.on('close', onclose);
    socket.on('error', onerror);
    if (this.timeout) { socket.setTimeout(this.timeout); socket.on('timeout', () => this.emit('timeout')); }
    this._assign(socket);
    this.emit('socket', socket);
    socket.resume();
  }
  _sendHead(whole, data) {
    if (whole === 0 && !this.useChunkedEncodingByDefault) this._noBody = !this.hasHeader('content-length') && !this.hasHeader('transfer-encoding');
    if (whole === false && !this.useChunkedEncodingByDefault) this.useChunkedEncodingByDefault = true;
    const head = this._headText(`${this.method} ${this.path} HTTP/1.1`, whole);
    this.headersSent = true;
    this._raw(Buffer.from(head, 'latin1'));
    if (data && data.length) this._raw(this.chunkedEncoding ? Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]) : data);
  }
  abort() { this.aborted = true; process.nextTick(() => this.emit('abort')); this.destroy(); }
  setNoDelay() {}
  setSocketKeepAlive() {}
  destroy(error) {
    if (this.destroyed) return this;
    if (!error && !this.res) error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    if (this.res && !this.res.complete) this.res.destroy(error);
    return super.destroy(error);
  }
  _destroy(error, callback) { if (this.socket && !(this.res && this.res.complete)) this.socket.destroy(); callback(error); }
}

Object.assign(exports, { METHODS, STATUS_CODES, Agent, ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse, validateHeaderName, validateHeaderValue, maxHeaderSize: MOST_HEAD });
let agent = globalAgent;
Object.defineProperty(exports, 'globalAgent', { configurable: true, enumerable: true, get: () => agent, set: (v) => { agent = v; } });
exports.Server = function (options, listener) { return new Server(options, listener); };
exports.Server.prototype = Server.prototype;
exports.createServer = (options, listener) => new Server(options, listener);
exports.request = (...args) => new ClientRequest(...args);
exports.get = (...args) => { const r = exports.request(...args); r.end(); return r; };
exports.setMaxIdleHTTPParsers = () => {};
exports.WebSocket = undefined;
delete exports.WebSocket;
