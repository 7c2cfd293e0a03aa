// How names of modules become files, and CommonJS.
const path = require('path');
const { coded, wrapped } = require('internal/errors');
const packages = new Map();

const stat = (file) => { try { return binding.stat(file, true)[0] === 0o040000 ? 1 : 0; } catch { return -1; } };
exports.stat = stat;

function readPackage(directory) {
  let found = packages.get(directory);
  if (found !== undefined) return found;
  found = null;
  const file = `${directory === '/' ? '' : directory}/package.json`;
  let text;
  try { text = binding.readText(file, true); } catch {}
  if (text !== undefined) {
    try { found = JSON.parse(text); } catch (error) {
      throw coded(Error, 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${file}.`, { path: file });
    }
    if (found === null || typeof found !== 'object') found = {};
    Object.defineProperty(found, '__directory', { value: directory });
  }
  packages.set(directory, found);
  return found;
}
exports.readPackage = readPackage;
function scopeOf(file) {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    if (directory.endsWith('/node_modules')) return null;
    const found = readPackage(directory);
    if (found) return found;
    if (directory === '/') return null;
  }
}
exports.scopeOf = scopeOf;

const EXTENSIONS = () => Object.keys(Module._extensions);
function asFile(file) {
  if (stat(file) === 0) return file;
  for (const extension of EXTENSIONS()) if (stat(file + extension) === 0) return file + extension;
  return undefined;
}
function asDirectory(directory) {
  if (stat(directory) !== 1) return undefined;
  const found = readPackage(directory);
  if (found && typeof found.main === 'string' && found.main) {
    const main = path.resolve(directory, found.main);
    const file = asFile(main) || asIndex(main);
    if (file) return file;
  }
  return asIndex(directory);
}
function asIndex(directory) {
  for (const extension of EXTENSIONS()) if (stat(`${directory}/index${extension}`) === 0) return `${directory}/index${extension}`;
  return undefined;
}
// TypeScript names the file that it will be compiled to.
function asTypeScript(file) {
  const match = /\.([cm]?)jsx?$/.exec(file);
  if (!match) return undefined;
  for (const extension of [`.${match[1]}ts`, '.tsx']) {
    const other = file.slice(0, match.index) + extension;
    if (stat(other) === 0) return other;
  }
  return undefined;
}
exports.asTypeScript = asTypeScript;
exports.asFile = asFile;
exports.asDirectory = asDirectory;

function target(directory, value, star, conditions, name, inside) {
  if (typeof value === 'string') {
    if (!value.startsWith('./')) {
      if (inside && !value.startsWith('../') && !value.startsWith('/')) return { bare: star === null ? value : value.replaceAll('*', star) };
      throw coded(Error, 'ERR_INVALID_PACKAGE_TARGET', `Invalid "${inside ? 'imports' : 'exports'}" target ${JSON.stringify(value)} defined for '${name}' in the package config ${directory}/package.json`);
    }
    const file = star === null ? value : value.replaceAll('*', star);
    if (/(^|\/)(\.\.|node_modules)(\/|$)/.test(file.slice(2))) throw coded(Error, 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${name}"`);
    return { file: path.join(directory, file) };
  }
  if (Array.isArray(value)) {
    for (const one of value) {
      try { const found = target(directory, one, star, conditions, name, inside); if (found) return found; } catch {}
    }
    return null;
  }
  if (value && typeof value === 'object') {
    for (const key of Object.keys(value)) {
      if (key === 'default' || conditions.has(key)) {
        const found = target(directory, value[key], star, conditions, name, inside);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
  return value === null ? null : undefined;
}
function match(map, name, directory, conditions, inside) {
  if (Object.prototype.hasOwnProperty.call(map, name) && !name.includes('*')) return target(directory, map[name], null, conditions, name, inside);
  let best = null;
  let star = null;
  for (const key of Object.keys(map)) {
    const at = key.indexOf('*');
    if (at < 0) { if (key.endsWith('/') && name.startsWith(key) && (!best || key.length > best.length)) { best = key; star = name.slice(key.length); } continue; }
    const [head, tail] = [key.slice(0, at), key.slice(at + 1)];
    if (name.startsWith(head) && name.length >= key.length && name.endsWith(tail) && (!best || head.length > best.indexOf('*'))) {
      best = key;
      star = name.slice(head.length, name.length - tail.length);
    }
  }
  if (best === null) return undefined;
  if (best.endsWith('/')) return { file: path.join(directory, map[best], star) };
  return target(directory, map[best], star, conditions, name, inside);
}
function fromExports(found, directory, subpath, conditions, parent) {
  let map = found.exports;
  if (typeof map === 'string' || Array.isArray(map) || !Object.keys(map).some((k) => k.startsWith('.'))) map = { '.': map };
  const result = match(map, subpath, directory, conditions, false);
  if (!result) {
    throw coded(Error, 'ERR_PACKAGE_PATH_NOT_EXPORTED', subpath === '.' ? `No "exports" main defined in ${directory}/package.json` : `Package subpath '${subpath}' is not defined by "exports" in ${directory}/package.json${parent ? ` imported from ${parent}` : ''}`);
  }
  return result.file;
}
exports.CONDITIONS = { require: new Set(['node', 'require', 'module-sync', 'node-addons']), import: new Set(['node', 'import', 'module-sync', 'node-addons']) };
delete exports.CONDITIONS.x;

function splitName(name) {
  const parts = name.split('/');
  const packageName = name.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  return [packageName, '.' + name.slice(packageName.length)];
}
function roots(from) {
  const out = [];
  for (let directory = from; ; directory = path.dirname(directory)) {
    if (path.basename(directory) !== 'node_modules') out.push(directory === '/' ? '/node_modules' : `${directory}/node_modules`);
    if (directory === '/') break;
  }
  return out;
}
exports.roots = roots;
const globalRoots = () => [...(process.env.NODE_PATH || '').split(':').filter(Boolean), '/usr/local/lib/node_modules'];

// `style`: require or import. Files of ES modules are named in full; directories have no index there, unless the parent
// is TypeScript.
exports.resolveBare = function resolveBare(name, parent, style) {
  const from = parent ? path.dirname(parent) : process.cwd();
  const conditions = exports.CONDITIONS[style];
  if (name.startsWith('#')) {
    const scope = scopeOf(parent || `${from}/x`);
    const found = scope && scope.imports && match(scope.imports, name, scope.__directory, conditions, true);
    if (!found) throw coded(TypeError, 'ERR_PACKAGE_IMPORT_NOT_DEFINED', `Package import specifier "${name}" is not defined${scope ? ` in package ${scope.__directory}/package.json` : ''} imported from ${parent}`);
    if (found.bare) return internal.isBuiltin(found.bare.replace(/^node:/, '')) ? `node:${found.bare.replace(/^node:/, '')}` : exports.resolveBare(found.bare, parent, style);
    return found.file;
  }
  const [packageName, subpath] = splitName(name);
  const scope = scopeOf(parent || `${from}/x`);
  if (scope && scope.name === packageName && scope.exports != null) return fromExports(scope, scope.__directory, subpath, conditions, parent);
  for (const root of [...roots(from), ...globalRoots()]) {
    const directory = `${root}/${packageName}`;
    if (stat(directory) !== 1) { if (style === 'require' && subpath === '.') { const file = asFile(directory); if (file) return file; } continue; }
    const found = readPackage(directory);
    if (found && found.exports != null) return fromExports(found, directory, subpath, conditions, parent);
    if (subpath === '.') {
      const file = asDirectory(directory);
      if (file) return file;
    } else {
      const file = `${directory}${subpath.slice(1)}`;
      const full = asFile(file) || asDirectory(file);
      if (full && (style === 'require' || stat(file) === 0 || true)) return full;
    }
  }
  return undefined;
};

const real = (file) => { try { return binding.realpath(file); } catch { return file; } };
exports.real = real;

function Module(id = '', parent) {
  this.id = id;
  this.path = path.dirname(id);
  this.exports = {};
  Object.defineProperty(this, 'parent', { value: parent, writable: true, configurable: true });
  if (parent && parent.children) parent.children.push(this);
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.paths = [];
}
exports.Module = Module;
Module._cache = Object.create(null);
Module._pathCache = Object.create(null);
Module.globalPaths = ['/usr/local/lib/node_modules'];
Module.Module = Module;
Module._nodeModulePaths = roots;
Module._resolveLookupPaths = (name, parent) => (parent && parent.paths) || [];
Module.builtinModules = internal.builtinNames();
Module.isBuiltin = (name) => { const bare = name.replace(/^node:/, ''); return internal.isBuiltin(bare); };
Module.wrap = (source) => `(function (exports, require, module, __filename, __dirname) { ${source}\n});`;
Module.wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'];
Module.syncBuiltinESMExports = () => {};
Module.findSourceMap = () => undefined;
Module.enableCompileCache = () => ({ status: 3 });
Module.register = () => { throw require('internal/errors').absent('module.register()', 'load files directly'); };
Module.stripTypeScriptTypes = (code) => binding.transpile(code, '/stripped.ts').replace(/^\*/, '');

Module._resolveFilename = function resolveFilename(name, parent, isMain, options) {
  if (typeof name !== 'string') throw require('internal/errors').argType('id', 'of type string', name);
  const bare = name.replace(/^node:/, '');
  if (name.startsWith('node:') || internal.isBuiltin(bare)) {
    if (internal.isBuiltin(bare)) return name;
    throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`);
  }
  const from = (parent && parent.filename) || (options && options.paths && `${options.paths[0]}/x`) || `${process.cwd()}/[eval]`;
  let file;
  if (options && options.paths) {
    for (const directory of options.paths) {
      try { return Module._resolveFilename(name, { filename: `${path.resolve(directory)}/x` }); } catch {}
    }
  } else if (/^(\.\.?(\/|$)|\/)/.test(name)) {
    const base = path.resolve(path.dirname(from), name);
    file = (!name.endsWith('/') && !/(^|\/)\.\.?$/.test(name) && asFile(base)) || asDirectory(base) || asTypeScript(base);
  } else file = exports.resolveBare(name, from, 'require');
  if (file && stat(file) === 0) return real(file);
  const stack = [];
  for (let p = parent; p; p = p.parent) if (p.filename || p.id) stack.push(p.filename || p.id);
  throw coded(Error, 'MODULE_NOT_FOUND', `Cannot find module '${name}'${stack.length ? `\nRequire stack:\n- ${stack.join('\n- ')}` : ''}`, { requireStack: stack });
};

Module._load = function load(name, parent, isMain) {
  const bare = name.startsWith('node:') ? name.slice(5) : name;
  if (internal.isBuiltin(bare) && (name !== bare || !['test', 'sqlite', 'sea'].includes(bare))) return internal.loadBuiltin(bare);
  const file = Module._resolveFilename(name, parent, isMain);
  const cached = Module._cache[file];
  if (cached) {
    if (parent && parent.children && !parent.children.includes(cached)) parent.children.push(cached);
    return cached.exports;
  }
  const module = new Module(file, parent);
  if (isMain) { process.mainModule = module; module.id = '.'; internal.mainFile = file; }
  Module._cache[file] = module;
  let done = false;
  try {
    module.load(file);
    done = true;
  } finally {
    if (!done) delete Module._cache[file];
  }
  return module.exports;
};
Module.prototype.require = function (name) {
  if (typeof name !== 'string') throw require('internal/errors').argType('id', 'of type string', name);
  if (name === '') throw require('internal/errors').argValue('id', name, 'must be a non-empty string');
  return Module._load(name, this, false);
};
Module.prototype.load = function (file) {
  this.filename = file;
  this.paths = roots(path.dirname(file));
  const extension = EXTENSIONS().filter((e) => file.endsWith(e)).sort((a, b) => b.length - a.length)[0] || '.js';
  Module._extensions[extension](this, file);
  this.loaded = true;
};

function requireFor(module) {
  const fn = function require(name) { return module.require(name); };
  fn.resolve = (name, options) => Module._resolveFilename(name, module, false, options);
  fn.resolve.paths = (name) => (internal.isBuiltin(name) ? null : roots(path.dirname(module.filename)));
  fn.main = process.mainModule;
  fn.extensions = Module._extensions;
  fn.cache = Module._cache;
  return fn;
}
exports.requireFor = requireFor;
Module.createRequire = function createRequire(where) {
  let file = where;
  if (where instanceof URL || (typeof where === 'string' && where.startsWith('file:'))) file = require('url').fileURLToPath(where);
  if (typeof file !== 'string' || !path.isAbsolute(file)) throw require('internal/errors').argValue('filename', where, 'must be a file URL object, file URL string, or absolute path string');
  const module = new Module(file);
  module.filename = file.endsWith('/') ? `${file}noop.js` : file;
  module.paths = roots(path.dirname(module.filename));
  return requireFor(module);
};

// A syntax error as node shows it: place, line, caret.
function syntax(error, file, source, shift) {
  if (!(error instanceof SyntaxError) || error.__syntax) return error;
  const match = /:(\d+)(?::(\d+))?\)?\s*$/m.exec(String(error.stack).split('\n').find((line) => line.includes(file)) || '');
  const line = match ? +match[1] : 1;
  let column = match && match[2] ? +match[2] : 1;
  if (line === 1 && shift) column = Math.max(1, column);
  const text = source.split('\n')[line - 1] ?? '';
  Object.defineProperty(error, '__syntax', { value: `${file}:${line}\n${text}\n${' '.repeat(Math.max(0, column - 1))}^\n\nSyntaxError: ${error.message}` });
  return error;
}
exports.syntax = syntax;

const HEAD = '(function (exports, require, module, __filename, __dirname) { ';
exports.compile = function compile(source, file) {
  if (source.startsWith('#!')) source = `//${source}`;
  wrapped.set(file, HEAD.length);
  return binding.evaluate(`${HEAD}${source}\n})`, file);
};
Module.prototype._compile = function (source, file, format) {
  let fn;
  try {
    fn = exports.compile(source, file);
  } catch (error) {
    if (error instanceof SyntaxError && binding.isModule(source)) {
      wrapped.delete(file);
      this.exports = exports.requireModule(file, this, source);
      return undefined;
    }
    throw syntax(error, file, source, true);
  }
  const fnRequire = requireFor(this);
  return fn.call(this.exports, this.exports, fnRequire, this, file, path.dirname(file));
};

// ES modules required: run at once, unless they wait at the top.
exports.requireModule = function requireModule(file) {
  const promise = require('internal/esm').importFile(file);
  binding.runJobs();
  const [state, value] = binding.promiseState(promise);
  if (state === 0) throw coded(Error, 'ERR_REQUIRE_ASYNC_MODULE', 'require() cannot be used on an ESM graph with top-level await. Use import() instead.');
  if (state === 2) { promise.catch(() => {}); throw value; }
  return Object.prototype.hasOwnProperty.call(value, 'module.exports') ? value['module.exports'] : value;
};

exports.formatOf = function formatOf(file) {
  if (/\.(mjs|mts)$/.test(file)) return 'module';
  if (/\.(cjs|cts)$/.test(file)) return 'commonjs';
  if (file.endsWith('.json')) return 'json';
  if (file.endsWith('.node')) return 'addon';
  const scope = scopeOf(file);
  if (scope && scope.type === 'module') return 'module';
  if (scope && scope.type === 'commonjs') return 'commonjs';
  return 'any';
};
exports.isTypeScript = (file) => /\.[cm]?tsx?$|\.jsx$/.test(file);

exports.transpile = function transpile(source, file) {
  try {
    const out = binding.transpile(source, file);
    return out.startsWith('*') ? { module: true, code: out.slice(1) } : { module: false, code: out };
  } catch (message) {
    if (typeof message !== 'string') throw message;
    const error = new SyntaxError(message.split('\n\n').pop());
    Object.defineProperty(error, '__syntax', { value: message.replace(/\n\n([^\n]*)$/, '\n\nSyntaxError: $1') });
    throw error;
  }
};

Module._extensions = Object.create(null);
Module._extensions['.js'] = function (module, file) {
  const format = exports.formatOf(file);
  if (format === 'module') { module.exports = exports.requireModule(file); return; }
  module._compile(binding.readText(file, true), file);
};
Module._extensions['.json'] = function (module, file) {
  try {
    module.exports = JSON.parse(binding.readText(file, true));
  } catch (error) {
    if (error instanceof Error) error.message = `${file}: ${error.message}`;
    throw error;
  }
};
Module._extensions['.node'] = function (module, file) {
  throw coded(Error, 'ERR_DLOPEN_FAILED', `${file} is a native addon, and sandboxes run WebAssembly only; use a package that is JavaScript alone`);
};
const typescript = function (module, file) {
  const source = binding.readText(file, true);
  const { module: isModule, code } = exports.transpile(source, file);
  if ((isModule || exports.formatOf(file) === 'module') && !file.endsWith('.cts')) { module.exports = exports.requireModule(file); return; }
  module._compile(code, file);
};
for (const extension of ['.ts', '.tsx', '.cts', '.mts', '.jsx']) Module._extensions[extension] = typescript;
Object.defineProperty(Module._extensions, '.cjs', { value: Module._extensions['.js'], enumerable: false });
Object.defineProperty(Module._extensions, '.mjs', { value: (module, file) => { module.exports = exports.requireModule(file); }, enumerable: false });
Module.runMain = () => {};
Module._initPaths = () => {};
Module._preloadModules = () => {};
Module._findPath = (name, paths) => { for (const p of paths || []) { const f = asFile(path.resolve(p, name)) || asDirectory(path.resolve(p, name)); if (f) return f; } return false; };
