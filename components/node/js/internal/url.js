// URL and URLSearchParams.
const { coded } = require('internal/errors');
const kInspect = Symbol.for('nodejs.util.inspect.custom');
const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
class URL {
  #parts;
  #params = null;
  constructor(text, base) {
    if (arguments.length === 0) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "url" argument must be specified');
    text = `${text}`;
    try {
      this.#parts = binding.urlParse(text, base === undefined ? '' : `${base}` || ':');
    } catch (e) {
      const error = coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
      error.input = text;
      if (base !== undefined) error.base = `${base}`;
      throw error;
    }
  }
  static canParse(text, base) { try { new URL(text, base); return true; } catch { return false; } }
  static parse(text, base) { try { return new URL(text, base); } catch { return null; } }
  static createObjectURL() { throw require('internal/errors').absent('URL.createObjectURL()'); }
  static revokeObjectURL() {}
  _set(part, value) {
    try { this.#parts = binding.urlSet(this.#parts[0], part, `${value}`); } catch { throw coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL', { input: `${value}` }); }
    if (this.#params && (part === 'search' || part === 'href')) this.#params._reset(this.#parts[9]);
  }
  _get(i) { return this.#parts[i]; }
  get searchParams() {
    if (!this.#params) {
      this.#params = new URLSearchParams(this.#parts[9]);
      this.#params._url = (text) => { this.#parts = binding.urlSet(this.#parts[0], 'search', text); };
    }
    return this.#params;
  }
  toString() { return this.#parts[0]; }
  toJSON() { return this.#parts[0]; }
  [kInspect](depth, options) {
    if (typeof depth === 'number' && depth < 0) return this.href;
    const object = {};
    for (const part of ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash']) object[part] = this[part];
    return `${this.constructor.name} ${require('util').inspect(object, options)}`;
  }
}
PARTS.forEach((part, i) => Object.defineProperty(URL.prototype, part, {
  configurable: true, enumerable: true,
  get() { return this._get(i); },
  set: part === 'origin' ? undefined : function (value) { this._set(part, value); },
}));
for (const name of ['_set', '_get']) Object.defineProperty(URL.prototype, name, { enumerable: false });

const unescape = (text) => {
  text = text.replace(/\+/g, ' ');
  if (!text.includes('%')) return text;
  const { Buffer } = require('buffer');
  const bytes = [];
  const source = binding.utf8Encode(text);
  for (let i = 0; i < source.length; i++) {
    const hex = source[i] === 37 && i + 2 < source.length + 0 && /^[0-9a-fA-F]{2}$/.test(String.fromCharCode(source[i + 1], source[i + 2])) ? parseInt(String.fromCharCode(source[i + 1], source[i + 2]), 16) : -1;
    if (hex >= 0) { bytes.push(hex); i += 2; } else bytes.push(source[i]);
  }
  return Buffer.from(bytes).toString();
};
const escape = (text) => encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text).replace(/%20/g, '+').replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
class URLSearchParams {
  #list = [];
  constructor(init = '') {
    Object.defineProperty(this, '_url', { value: null, writable: true });
    if (init === null || init === undefined) return;
    if (typeof init === 'object' || typeof init === 'function') {
      if (typeof init[Symbol.iterator] === 'function') {
        for (const pair of init) {
          const [k, v, ...more] = pair === null || typeof pair !== 'object' ? [] : [...pair];
          if (v === undefined || more.length) throw coded(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');
          this.#list.push([`${k}`, `${v}`]);
        }
      } else for (const k of Reflect.ownKeys(init)) if (typeof k === 'string') this.#list.push([k, `${init[k]}`]);
    } else this._reset(`${init}`);
  }
  _reset(text) {
    if (text.startsWith('?')) text = text.slice(1);
    this.#list = text.split('&').filter(Boolean).map((part) => { const at = part.indexOf('='); return at < 0 ? [unescape(part), ''] : [unescape(part.slice(0, at)), unescape(part.slice(at + 1))]; });
  }
  #changed() { if (this._url) this._url(this.toString()); }
  get size() { return this.#list.length; }
  append(k, v) { this.#list.push([`${k}`, `${v}`]); this.#changed(); }
  delete(k, v) { this.#list = this.#list.filter(([a, b]) => a !== `${k}` || (v !== undefined && b !== `${v}`)); this.#changed(); }
  get(k) { const found = this.#list.find(([a]) => a === `${k}`); return found ? found[1] : null; }
  getAll(k) { return this.#list.filter(([a]) => a === `${k}`).map(([, b]) => b); }
  has(k, v) { return this.#list.some(([a, b]) => a === `${k}` && (v === undefined || b === `${v}`)); }
  set(k, v) { const i = this.#list.findIndex(([a]) => a === `${k}`); if (i < 0) this.#list.push([`${k}`, `${v}`]); else { this.#list[i] = [`${k}`, `${v}`]; this.#list = this.#list.filter(([a], j) => j <= i || a !== `${k}`); } this.#changed(); }
  sort() { this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#changed(); }
  forEach(fn, self) { for (const [k, v] of this.#list) fn.call(self, v, k, this); }
  *entries() { for (const [k, v] of this.#list) yield [k, v]; }
  *keys() { for (const [k] of this.#list) yield k; }
  *values() { for (const [, v] of this.#list) yield v; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#list.map(([k, v]) => `${escape(k)}=${escape(v)}`).join('&'); }
  [kInspect](_, options) { const { inspect } = require('util'); return this.#list.length ? `URLSearchParams { ${this.#list.map(([k, v]) => `${inspect(k, options)} => ${inspect(v, options)}`).join(', ')} }` : 'URLSearchParams {}'; }
}
Object.defineProperty(URLSearchParams.prototype, '_reset', { enumerable: false });
Object.defineProperty(URL.prototype, Symbol.toStringTag, { value: 'URL', configurable: true });
Object.defineProperty(URLSearchParams.prototype, Symbol.toStringTag, { value: 'URLSearchParams', configurable: true });
exports.URL = URL;
exports.URLSearchParams = URLSearchParams;
exports.unescape = unescape;
