// Paths; only the POSIX form is of use here, `win32` is for programs that ask for it by name.
const { argType } = require('internal/errors');
function need(value, name) { if (typeof value !== 'string') throw argType(name, 'of type string', value); }

function clean(path, absolute) {
  const out = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (out.length && out[out.length - 1] !== '..') out.pop();
      else if (!absolute) out.push('..');
    } else out.push(part);
  }
  return out.join('/');
}

const posix = {
  sep: '/',
  delimiter: ':',
  resolve(...args) {
    let path = '';
    for (let i = args.length - 1; i >= 0 && !path.startsWith('/'); i--) {
      need(args[i], `paths[${i}]`);
      if (args[i]) path = path ? `${args[i]}/${path}` : args[i];
    }
    if (!path.startsWith('/')) path = `${process.cwd()}/${path}`;
    return '/' + clean(path, true);
  },
  normalize(path) {
    need(path, 'path');
    if (!path) return '.';
    const absolute = path.startsWith('/');
    let out = clean(path, absolute);
    if (!out && !absolute) out = '.';
    if (out && path.endsWith('/')) out += '/';
    if (out === './' && !absolute) out = './';
    return absolute ? '/' + out : out;
  },
  isAbsolute(path) { need(path, 'path'); return path.startsWith('/'); },
  join(...args) {
    args.forEach((arg) => need(arg, 'path'));
    const joined = args.filter(Boolean).join('/');
    return joined ? posix.normalize(joined) : '.';
  },
  relative(from, to) {
    need(from, 'from');
    need(to, 'to');
    from = posix.resolve(from);
    to = posix.resolve(to);
    if (from === to) return '';
    const a = from.split('/').filter(Boolean);
    const b = to.split('/').filter(Boolean);
    let i = 0;
    while (i < a.length && i < b.length && a[i] === b[i]) i++;
    return [...a.slice(i).map(() => '..'), ...b.slice(i)].join('/');
  },
  toNamespacedPath: (path) => path,
  dirname(path) {
    need(path, 'path');
    if (!path) return '.';
    let end = path.length;
    while (end > 1 && path[end - 1] === '/') end--;
    const at = path.lastIndexOf('/', end - 1);
    if (at < 0) return '.';
    let start = at;
    while (start > 0 && path[start - 1] === '/') start--;
    return start === 0 ? (path.startsWith('//') && at === 1 ? '//' : '/') : path.slice(0, start);
  },
  basename(path, suffix) {
    need(path, 'path');
    if (suffix !== undefined) need(suffix, 'suffix');
    let end = path.length;
    while (end > 0 && path[end - 1] === '/') end--;
    const base = path.slice(path.lastIndexOf('/', end - 1) + 1, end);
    return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
  },
  extname(path) {
    need(path, 'path');
    const base = posix.basename(path);
    const at = base.lastIndexOf('.');
    return at <= 0 || base === '..' ? '' : base.slice(at);
  },
  format(object) {
    if (object === null || typeof object !== 'object') throw argType('pathObject', 'of type object', object);
    const dir = object.dir || object.root;
    const base = object.base || `${object.name || ''}${object.ext ? (object.ext.startsWith('.') ? object.ext : `.${object.ext}`) : ''}`;
    if (!dir) return base;
    return dir === object.root ? dir + base : `${dir}/${base}`;
  },
  parse(path) {
    need(path, 'path');
    const root = path.startsWith('/') ? '/' : '';
    const base = posix.basename(path);
    const ext = posix.extname(base);
    let dir = base ? posix.dirname(path) : root;
    if (dir === '.' && !path.startsWith('.')) dir = '';
    if (dir === '.' && !path.includes('/')) dir = '';
    return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
  },
  matchesGlob(path, pattern) {
    const source = pattern.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*\*\/?|\*|\?/g, (m) => (m.startsWith('**') ? '.*' : m === '*' ? '[^/]*' : '[^/]'));
    return new RegExp(`^${source}$`).test(path);
  },
};

// Windows' paths: drive letters and both slashes, enough for programs that handle such text.
const slashes = (path) => path.replace(/\\/g, '/');
const drive = (path) => (/^[A-Za-z]:/.test(path) ? path.slice(0, 2) : '');
const win32 = {
  sep: '\\',
  delimiter: ';',
  normalize(path) { need(path, 'path'); const d = drive(path); return d + posix.normalize(slashes(path.slice(d.length))).replace(/\//g, '\\'); },
  isAbsolute(path) { need(path, 'path'); return /^([A-Za-z]:)?[\\/]/.test(path); },
  join(...args) { const joined = args.filter(Boolean).join('\\'); return joined ? win32.normalize(joined) : '.'; },
  resolve(...args) {
    let path = '';
    for (let i = args.length - 1; i >= 0 && !win32.isAbsolute(path || 'x'); i--) if (args[i]) path = path ? `${args[i]}\\${path}` : args[i];
    const d = drive(path) || 'C:';
    return d + ('/' + clean(slashes(path.slice(drive(path).length)), true)).replace(/\//g, '\\');
  },
  relative(from, to) { return posix.relative('/' + slashes(win32.resolve(from)), '/' + slashes(win32.resolve(to))).replace(/\//g, '\\'); },
  toNamespacedPath: (path) => path,
  dirname(path) { need(path, 'path'); const d = drive(path); const out = posix.dirname(slashes(path.slice(d.length))); return d + (out === '.' && d ? '' : out).replace(/\//g, '\\'); },
  basename(path, suffix) { need(path, 'path'); return posix.basename(slashes(path.slice(drive(path).length)), suffix); },
  extname(path) { need(path, 'path'); return posix.extname(slashes(path)); },
  format(object) { const dir = object.dir || object.root; const base = object.base || `${object.name || ''}${object.ext || ''}`; return !dir ? base : dir === object.root ? dir + base : `${dir}\\${base}`; },
  parse(path) { const d = drive(path); const out = posix.parse(slashes(path.slice(d.length))); return { ...out, root: d + out.root.replace('/', '\\'), dir: d + out.dir.replace(/\//g, '\\') }; },
  matchesGlob: (path, pattern) => posix.matchesGlob(slashes(path), slashes(pattern)),
};
posix.posix = win32.posix = posix;
posix.win32 = win32.win32 = win32;
module.exports = posix;
