// util.
const { inspect, format, formatWithOptions, isError } = require('internal/inspect');
const { argType, ERRNO, coded } = require('internal/errors');
Object.assign(exports, { inspect, format, formatWithOptions });
const kPromisify = Symbol.for('nodejs.util.promisify.custom');

exports.promisify = function promisify(original) {
  if (typeof original !== 'function') throw argType('original', 'of type function', original);
  if (original[kPromisify]) return Object.defineProperty(original[kPromisify], kPromisify, { value: original[kPromisify], configurable: true });
  const names = original[Symbol.for('nodejs.util.promisify.args')];
  function promised(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, ...values) => {
        if (error) return reject(error);
        if (names && values.length > 1) return resolve(Object.fromEntries(names.map((n, i) => [n, values[i]])));
        return resolve(values[0]);
      }]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, kPromisify, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
};
exports.promisify.custom = kPromisify;
exports.callbackify = function callbackify(original) {
  if (typeof original !== 'function') throw argType('original', 'of type function', original);
  function callbackified(...args) {
    const callback = args.pop();
    if (typeof callback !== 'function') throw argType('last argument', 'of type function', callback);
    Reflect.apply(original, this, args).then(
      (value) => process.nextTick(callback, null, value),
      (error) => process.nextTick(callback, error || Object.assign(coded(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value'), { reason: error })));
  }
  return Object.defineProperty(callbackified, 'name', { value: `${original.name}Callbackified` });
};
const warned = new Set();
exports.deprecate = function deprecate(fn, message, code) {
  let done = false;
  function deprecated(...args) {
    if (!done && !process.noDeprecation) {
      done = true;
      if (!code || !warned.has(code)) { if (code) warned.add(code); process.emitWarning(message, 'DeprecationWarning', code); }
    }
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  }
  Object.setPrototypeOf(deprecated, fn);
  if (fn.prototype) deprecated.prototype = fn.prototype;
  return deprecated;
};
exports.inherits = function inherits(child, parent) {
  if (child == null) throw argType('ctor', 'of type function', child);
  if (parent == null) throw argType('superCtor', 'of type function', parent);
  Object.defineProperty(child, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(child.prototype, parent.prototype);
};
exports.debuglog = exports.debug = function debuglog(set, callback) {
  const enabled = new RegExp(`(^|,)${set.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(,|$)`, 'i').test(process.env.NODE_DEBUG || '');
  const log = (...args) => { if (enabled) binding.print(2, `${set.toUpperCase()} ${process.pid}: ${format(...args)}\n`); };
  log.enabled = enabled;
  if (callback) callback(log);
  return log;
};
exports.stripVTControlCharacters = (text) => text.replace(/[\u001B\u009B][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?\u0007)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]))/g, '');
exports.toUSVString = (text) => String(text).toWellFormed();
exports.styleText = (style, text) => { for (const one of [].concat(style)) { const c = inspect.colors[one]; if (!c) throw require('internal/errors').argValue('format', one); text = `\x1b[${c[0]}m${text}\x1b[${c[1]}m`; } return text; };
exports.getSystemErrorName = (n) => Object.keys(ERRNO).find((k) => ERRNO[k][0] === -n);
exports.getSystemErrorMap = () => new Map(Object.entries(ERRNO).map(([k, [n, text]]) => [-n, [k, text]]));
exports.getSystemErrorMessage = (n) => (Object.values(ERRNO).find((v) => v[0] === -n) || [])[1];
exports.isDeepStrictEqual = (a, b) => require('internal/compare').equal(a, b, true);
exports.aborted = (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
exports.transferableAbortController = () => new AbortController();
exports.transferableAbortSignal = (signal) => signal;
exports.getCallSites = exports.getCallSite = () => [];
exports.parseEnv = (text) => {
  const out = {};
  for (const line of text.split('\n')) {
    const m = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (!m) continue;
    let value = m[2];
    const q = /^(['"`])([\s\S]*?)\1/.exec(value);
    if (q) value = q[1] === '"' ? q[2].replace(/\\n/g, '\n') : q[2];
    else value = value.replace(/\s+#.*$/, '').trim();
    out[m[1]] = value;
  }
  return out;
};
exports.parseArgs = function parseArgs({ args = process.argv.slice(2), options = {}, strict = true, allowPositionals = !strict, tokens: wantTokens = false, allowNegative = false } = {}) {
  const values = Object.create(null);
  const positionals = [];
  const tokens = [];
  const byShort = {};
  for (const [name, o] of Object.entries(options)) if (o.short) byShort[o.short] = name;
  const put = (name, value, raw, index, inline) => {
    let o = options[name];
    if (!o && allowNegative && name.startsWith('no-') && options[name.slice(3)]?.type === 'boolean') { name = name.slice(3); o = options[name]; value = false; }
    if (strict) {
      if (!o) throw coded(TypeError, 'ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${raw}'${allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${raw}"` : ''}`);
      if (o.type === 'string' && typeof value !== 'string') throw coded(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${o.short ? `-${o.short}, ` : ''}--${name} <value>' argument missing`);
      if (o.type === 'boolean' && value !== undefined && value !== false) throw coded(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${o.short ? `-${o.short}, ` : ''}--${name}' does not take an argument`);
    }
    tokens.push({ kind: 'option', name, rawName: raw, index, value, inlineValue: inline });
    const stored = value === undefined ? true : value;
    if (o && o.multiple) (values[name] ||= []).push(stored); else values[name] = stored;
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--') { tokens.push({ kind: 'option-terminator', index: i }); for (const [j, a] of args.slice(i + 1).entries()) { positionals.push(a); tokens.push({ kind: 'positional', index: i + 1 + j, value: a }); } break; }
    if (arg.startsWith('--')) {
      const at = arg.indexOf('=');
      const name = at < 0 ? arg.slice(2) : arg.slice(2, at);
      if (at >= 0) put(name, arg.slice(at + 1), `--${name}`, i, true);
      else if (options[name]?.type === 'string' && i + 1 < args.length && !(strict && args[i + 1].startsWith('-') && args[i + 1] !== '-')) { put(name, args[i + 1], arg, i, false); i++; } else put(name, undefined, arg, i);
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let j = 1; j < arg.length; j++) {
        const name = byShort[arg[j]] || arg[j];
        if (options[name]?.type === 'string') {
          if (j + 1 < arg.length) { put(name, arg.slice(j + 1), `-${arg[j]}`, i, true); break; }
          put(name, args[i + 1], `-${arg[j]}`, i, false); i++; break;
        }
        put(name, undefined, `-${arg[j]}`, i);
      }
    } else {
      if (!allowPositionals) throw coded(TypeError, 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', `Unexpected argument '${arg}'. This command does not take positional arguments`);
      positionals.push(arg);
      tokens.push({ kind: 'positional', index: i, value: arg });
    }
  }
  for (const [name, o] of Object.entries(options)) if (o.default !== undefined && values[name] === undefined) values[name] = o.default;
  return wantTokens ? { values, positionals, tokens } : { values, positionals };
};
exports.isArray = Array.isArray;
exports.isBoolean = (v) => typeof v === 'boolean';
exports.isBuffer = (v) => require('buffer').Buffer.isBuffer(v);
exports.isDate = (v) => exports.types.isDate(v);
exports.isError = isError;
exports.isFunction = (v) => typeof v === 'function';
exports.isNull = (v) => v === null;
exports.isNullOrUndefined = (v) => v == null;
exports.isNumber = (v) => typeof v === 'number';
exports.isObject = (v) => v !== null && typeof v === 'object';
exports.isPrimitive = (v) => v === null || (typeof v !== 'object' && typeof v !== 'function');
exports.isRegExp = (v) => exports.types.isRegExp(v);
exports.isString = (v) => typeof v === 'string';
exports.isSymbol = (v) => typeof v === 'symbol';
exports.isUndefined = (v) => v === undefined;
exports._extend = (target, source) => Object.assign(target, source);
Object.defineProperty(exports, 'types', { enumerable: true, get: () => require('util/types') });
for (const name of ['TextEncoder', 'TextDecoder', 'MIMEType']) Object.defineProperty(exports, name, { enumerable: true, get: () => globalThis[name] });
