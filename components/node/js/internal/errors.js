// Errors as node has them: codes, system errors, and stack traces with their headline.

const ERRNO = {
  E2BIG: [7, 'argument list too long'], EACCES: [13, 'permission denied'], EADDRINUSE: [98, 'address already in use'],
  EADDRNOTAVAIL: [99, 'address not available'], EAGAIN: [11, 'resource temporarily unavailable'],
  EBADF: [9, 'bad file descriptor'], EBUSY: [16, 'resource busy or locked'], ECANCELED: [125, 'operation canceled'],
  ECONNABORTED: [103, 'software caused connection abort'], ECONNREFUSED: [111, 'connection refused'],
  ECONNRESET: [104, 'connection reset by peer'], EDQUOT: [122, 'disk quota exceeded'], EEXIST: [17, 'file already exists'],
  EFBIG: [27, 'file too large'], EHOSTUNREACH: [113, 'host is unreachable'], EINTR: [4, 'interrupted system call'],
  EINVAL: [22, 'invalid argument'], EIO: [5, 'i/o error'], EISDIR: [21, 'illegal operation on a directory'],
  ELOOP: [40, 'too many symbolic links encountered'], EMFILE: [24, 'too many open files'], EMLINK: [31, 'too many links'],
  ENAMETOOLONG: [36, 'name too long'], ENOENT: [2, 'no such file or directory'], ENOEXEC: [8, 'exec format error'],
  ENOMEM: [12, 'not enough memory'], ENOSPC: [28, 'no space left on device'], ENOSYS: [38, 'function not implemented'],
  ENOTCONN: [107, 'socket is not connected'], ENOTDIR: [20, 'not a directory'], ENOTEMPTY: [39, 'directory not empty'],
  ENOTFOUND: [3008, 'name does not resolve'], ENOTSUP: [95, 'operation not supported on socket'],
  ENOTTY: [25, 'inappropriate ioctl for device'], EPERM: [1, 'operation not permitted'], EPIPE: [32, 'broken pipe'],
  EROFS: [30, 'read-only file system'], ESPIPE: [29, 'invalid seek'], ESRCH: [3, 'no such process'],
  ETIMEDOUT: [110, 'connection timed out'], EXDEV: [18, 'cross-device link not permitted'],
  EAI_AGAIN: [3001, 'temporary failure'],
};
exports.ERRNO = ERRNO;

// An error for what the binding threw.
exports.system = function system(thrown, syscall, path, dest) {
  if (typeof thrown !== 'string') return thrown;
  const known = ERRNO[thrown];
  if (!known) {
    const error = new Error(thrown);
    return error;
  }
  let message = `${thrown}: ${known[1]}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = new Error(message);
  error.errno = -known[0];
  error.code = thrown;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
};

// An error with a code, as node's own: `TypeError [CODE]: message` in its stack.
function coded(Base, code, message, more) {
  const error = new Base(message);
  Object.defineProperty(error, 'name', { value: `${error.name} [${code}]`, configurable: true, writable: true });
  Error.captureStackTrace(error, coded);
  void error.stack;
  delete error.name;
  error.code = code;
  if (more) Object.assign(error, more);
  return error;
}
exports.coded = coded;

function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    if (value.constructor && value.constructor.name) return ` Received an instance of ${value.constructor.name}`;
    return ` Received ${require('util').inspect(value, { depth: -1 })}`;
  }
  let shown = require('util').inspect(value, { colors: false });
  if (shown.length > 28) shown = shown.slice(0, 25) + '...';
  return ` Received type ${typeof value} (${shown})`;
}
exports.received = received;
exports.argType = (name, expected, value) =>
  coded(TypeError, 'ERR_INVALID_ARG_TYPE',
    `The ${name.includes('.') ? 'property' : name.endsWith(' argument') ? '' : ''}${name.endsWith(' argument') ? name : `"${name}" argument`} must be ${expected}.${received(value)}`);
exports.argValue = (name, value, reason = 'is invalid') =>
  coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${require('util').inspect(value)}`);
exports.range = (name, range, value) =>
  coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${typeof value === 'number' && Math.abs(value) > 2 ** 32 ? String(value).replace(/(\d)(?=(\d{3})+$)/g, '$1_') : require('util').inspect(value)}`);
exports.absent = (what, instead) =>
  coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `${what} is not available in this sandbox${instead ? `; ${instead}` : ''}`);

// Columns that the wrapper of a CommonJS module takes on its first line, by file.
const wrapped = new Map();
exports.wrapped = wrapped;

function place(site) {
  let file = site.getFileName();
  let line = site.getLineNumber();
  let column = site.getColumnNumber();
  if (file && line === 1 && wrapped.has(file)) column = Math.max(1, column - wrapped.get(file));
  if (file && file.startsWith('file://')) file = require('url').fileURLToPath(file);
  if (file && line) {
    const original = binding.mapPosition(file, line, column || 1);
    if (original.length) [line, column] = original;
  }
  return { file, line, column };
}
exports.place = place;

function describe(site) {
  const { file, line, column } = place(site);
  const name = site.getFunctionName();
  const where = site.isNative() ? 'native' : file ? (line ? `${file}:${line}:${column}` : file) : '<anonymous>';
  return name && name !== '<anonymous>' && name !== '<eval>' ? `    at ${name} (${where})` : `    at ${where}`;
}

function headline(error) {
  try {
    const name = error.name === undefined ? 'Error' : String(error.name);
    const message = error.message === undefined ? '' : String(error.message);
    return name && message ? `${name}: ${message}` : name || message;
  } catch {
    return 'Error';
  }
}

function visible(site) {
  const file = site.getFileName();
  return !(site.isNative() || (file && file.startsWith('node:internal')));
}

exports.install = function install() {
  Error.stackTraceLimit = 10;
  const prepare = function prepareStackTrace(error, sites) {
    try {
      const shown = sites.filter(visible).map(describe);
      return shown.length ? `${headline(error)}\n${shown.join('\n')}` : headline(error);
    } catch {
      return headline(error);
    }
  };
  // The engine's own accessors: what is assigned is called for each error.
  Error.prepareStackTrace = prepare;
  try {
    // What packages ask of V8's call sites.
    const saved = Error.prepareStackTrace;
    let site;
    Error.prepareStackTrace = (_, sites) => { site = sites[0]; return ''; };
    void new Error().stack;
    Error.prepareStackTrace = saved;
    const proto = site && Object.getPrototypeOf(site);
    const more = {
      isEval: () => false, isConstructor: () => false, isToplevel: () => true, isAsync: () => false, isPromiseAll: () => false,
      getEvalOrigin: () => undefined, getThis: () => undefined, getTypeName: () => null, getMethodName: () => null,
      getFunction: () => undefined, getPromiseIndex: () => null, getPosition: () => 0, getScriptHash: () => '',
      getScriptNameOrSourceURL() { return this.getFileName(); },
      toString() { return describe(this).slice(7); },
    };
    for (const name of Object.keys(more)) {
      if (proto && !(name in proto && name !== 'toString')) {
        Object.defineProperty(proto, name, { value: more[name], configurable: true, writable: true });
      }
    }
  } catch {}
};

class AbortError extends Error {
  constructor(message = 'The operation was aborted', options) {
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}
exports.AbortError = AbortError;
