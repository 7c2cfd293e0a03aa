// ES modules: what a specifier names, and the source of what it names. A module's name in the engine is its path, or
// `node:NAME` for ours; CommonJS and JSON become modules that hand on what they export.
const modules = require('internal/modules');
const path = require('path');
const { coded } = require('internal/errors');
const sources = new Map();
exports.sources = sources;
const isName = /^[A-Za-z_$][\w$]*$/;
const RESERVED = new Set('break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static implements interface package private protected public await eval arguments'.split(' '));

function missing(name, base) {
  const what = /^(\.|\/|file:)/.test(name) ? `module '${name.startsWith('file:') ? name : path.resolve(path.dirname(base), name)}'` : `package '${name}'`;
  return coded(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find ${what} imported from ${base}`);
}

function resolve(name, base, kind) {
  if (base.startsWith('node:')) base = `${process.cwd()}/[eval]`;
  base = base.replace(/\?.*$/, '');
  const bare = name.startsWith('node:') ? name.slice(5) : name;
  if (internal.isBuiltin(bare)) return `node:${bare}`;
  if (name.startsWith('node:')) throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`);
  if (name.startsWith('data:') || sources.has(name)) return name;
  if (/^https?:/.test(name)) throw coded(Error, 'ERR_UNSUPPORTED_ESM_URL_SCHEME', `Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol '${name.split(':')[0]}:'`);
  let query = '';
  let file;
  if (name.startsWith('file:')) {
    const url = new URL(name);
    query = url.search;
    file = require('url').fileURLToPath(url);
  } else if (/^(\.\.?(\/|$)|\/)/.test(name)) {
    [, name, query] = /^([^?#]*)(\?.*)?/s.exec(name);
    query ||= '';
    file = path.resolve(path.dirname(base), decodeURIComponent(name.includes('%') ? name : encodeURI(name)));
  } else {
    file = modules.resolveBare(name, base, 'import');
    if (file === undefined) throw missing(name, base);
    if (file.startsWith('node:')) return file;
  }
  const kindOf = modules.stat(file);
  if (kindOf !== 0) {
    const other = modules.asTypeScript(file) || ((internal.loose || modules.isTypeScript(base)) && (modules.asFile(file) || modules.asDirectory(file)));
    if (other) file = other;
    else if (kindOf === 1) throw coded(Error, 'ERR_UNSUPPORTED_DIR_IMPORT', `Directory import '${file}' is not supported resolving ES modules imported from ${base}`);
    else throw missing(name, base);
  }
  file = modules.real(file);
  if (file.endsWith('.json') && kind !== 'json') throw coded(TypeError, 'ERR_IMPORT_ATTRIBUTE_MISSING', `Module "${require('url').pathToFileURL(file)}" needs an import attribute of "type: json"`);
  return file + query;
}
exports.resolve = resolve;

function namesOf(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return [];
  const names = new Set(Object.keys(value));
  if (value.__esModule) for (const n of Object.getOwnPropertyNames(value)) names.add(n);
  return [...names];
}
const values = new Map();
function handOn(id, value, names) {
  values.set(id, value);
  const list = names.filter((n) => n !== 'default' && isName.test(n) && !RESERVED.has(n));
  const lines = [`const m = import.meta.__value;`, `export default m;`];
  list.forEach((n, i) => lines.push(`export let _v${i}; try { _v${i} = m[${JSON.stringify(n)}]; } catch {} export { _v${i} as ${n} };`.replace('export let', 'let')));
  lines.push(`export { m as 'module.exports' };`);
  return lines.join('\n');
}

function load(id) {
  if (id.startsWith('node:')) {
    const value = internal.loadBuiltin(id.slice(5));
    return handOn(id, value, Object.getOwnPropertyNames(value).filter((n) => typeof value !== 'function' || !['length', 'name', 'prototype', 'caller', 'arguments'].includes(n)));
  }
  if (id.startsWith('data:')) {
    const [, type, base64, body] = /^data:([^,;]*)[^,]*?(;base64)?,(.*)$/s.exec(id);
    const text = base64 ? require('buffer').Buffer.from(body, 'base64').toString() : decodeURIComponent(body);
    return type === 'application/json' ? handOn(id, JSON.parse(text), []) : text;
  }
  const file = id.replace(/\?[^/]*$/, '');
  if (sources.has(id)) return sources.get(id);
  const format = modules.formatOf(file);
  if (format === 'json') {
    try { return handOn(id, JSON.parse(binding.readText(file, true)), []); } catch (error) { if (error instanceof Error) error.message = `${file}: ${error.message}`; throw error; }
  }
  if (format === 'addon') throw coded(Error, 'ERR_DLOPEN_FAILED', `${file} is a native addon, and sandboxes run WebAssembly only; use a package that is JavaScript alone`);
  if (modules.isTypeScript(file)) {
    const { module, code } = modules.transpile(binding.readText(file, true), file);
    if ((module || format === 'module') && !file.endsWith('.cts')) return code;
    return commonjs(id, file);
  }
  if (format === 'commonjs') return commonjs(id, file);
  let source = binding.readText(file, true);
  if (source.startsWith('#!')) source = `//${source}`;
  if (format === 'any' && !modules.Module._cache[file]) {
    if (/\b(import|export)\b/.test(source) && binding.isModule(source)) return source;
    return commonjs(id, file);
  }
  if (format === 'any') return commonjs(id, file);
  return source;
}
function commonjs(id, file) {
  const value = modules.Module._load(file, undefined, false);
  return handOn(id, value, namesOf(value));
}

function meta(object, id) {
  if (values.has(id)) { object.__value = values.get(id); values.delete(id); return; }
  if (id.startsWith('data:')) { object.url = id; return; }
  const file = id.replace(/\?[^/]*$/, '');
  object.dirname = path.dirname(file);
  object.filename = file;
  object.resolve = (name) => { const found = resolve(name, file, 'json'); return /^(node|data):/.test(found) ? found : require('url').pathToFileURL(found).href; };
  object.url = require('url').pathToFileURL(file).href + id.slice(file.length);
  object.main = file === internal.mainFile;
}

exports.load = load;
exports.meta = meta;
exports.importFile = (file) => import(file);
