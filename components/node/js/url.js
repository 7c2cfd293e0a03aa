// url: the WHATWG's and the old functions.
const { URL, URLSearchParams } = require('internal/url');
const { coded, argType } = require('internal/errors');
const querystring = require('querystring');
exports.URL = URL;
exports.URLSearchParams = URLSearchParams;
exports.fileURLToPath = function fileURLToPath(url) {
  if (typeof url === 'string') url = new URL(url);
  else if (!(url && url.href && url.protocol)) throw argType('path', 'of type string or an instance of URL', url);
  if (url.protocol !== 'file:') throw coded(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (url.hostname) throw coded(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(url.pathname)) throw coded(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  return decodeURIComponent(url.pathname);
};
exports.pathToFileURL = function pathToFileURL(file) {
  const path = require('path');
  let full = path.resolve(file);
  if (file.endsWith('/') && !full.endsWith('/')) full += '/';
  return new URL(`file://${full.replace(/[%\\\n\r\t?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)}`);
};
exports.urlToHttpOptions = (url) => {
  const o = { protocol: url.protocol, hostname: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname, hash: url.hash, search: url.search, pathname: url.pathname, path: `${url.pathname || ''}${url.search || ''}`, href: url.href };
  if (url.port !== '') o.port = Number(url.port);
  if (url.username || url.password) o.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return o;
};
exports.domainToASCII = (d) => binding.domainToAscii(d);
exports.domainToUnicode = (d) => d;
function Url() { for (const k of ['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href']) this[k] = null; }
exports.Url = Url;
const SLASHED = new Set(['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:']);
exports.parse = function parse(text, query, slashesDenoteHost) {
  if (text instanceof Url) return text;
  if (typeof text !== 'string') throw argType('url', 'of type string', text);
  const out = new Url();
  let rest = text.trim().replace(/\\/g, (c, i, all) => (all.slice(0, i).includes('?') ? c : '/'));
  let at = rest.indexOf('#');
  if (at >= 0) { out.hash = rest.slice(at); rest = rest.slice(0, at); }
  at = rest.indexOf('?');
  if (at >= 0) { out.search = rest.slice(at); out.query = out.search.slice(1); rest = rest.slice(0, at); }
  const protocol = /^([a-z][a-z0-9.+-]*:)/i.exec(rest);
  if (protocol) { out.protocol = protocol[1].toLowerCase(); rest = rest.slice(protocol[1].length); }
  if (rest.startsWith('//') && (protocol ? !/^javascript:/.test(out.protocol) : slashesDenoteHost)) {
    out.slashes = true;
    const end = rest.slice(2).search(/[/?#]/);
    let host = end < 0 ? rest.slice(2) : rest.slice(2, 2 + end);
    rest = end < 0 ? '' : rest.slice(2 + end);
    const auth = host.lastIndexOf('@');
    if (auth >= 0) { out.auth = decodeURIComponent(host.slice(0, auth)); host = host.slice(auth + 1); }
    const port = /:(\d*)$/.exec(host);
    if (port) { if (port[1]) out.port = port[1]; host = host.slice(0, port.index); }
    out.hostname = host.replace(/^\[|\]$/g, '').toLowerCase();
    out.host = `${host.toLowerCase()}${out.port ? `:${out.port}` : ''}`;
  }
  out.pathname = rest || (out.slashes && SLASHED.has(out.protocol) ? '/' : null);
  if (out.pathname) out.pathname = out.pathname.replace(/[ "<>^`{|}]/g, (c) => encodeURIComponent(c));
  if (out.pathname || out.search) out.path = `${out.pathname || ''}${out.search || ''}`;
  out.href = exports.format(out);
  if (query) { out.query = querystring.parse(out.query || ''); out.search ??= ''; }
  return out;
};
exports.format = function format(url, options) {
  if (typeof url === 'string') url = exports.parse(url);
  if (url instanceof URL) {
    const copy = new URL(url.href);
    if (options) { if (options.fragment === false) copy.hash = ''; if (options.search === false) copy.search = ''; if (options.auth === false) { copy.username = ''; copy.password = ''; } }
    return copy.href;
  }
  let protocol = url.protocol || '';
  if (protocol && !protocol.endsWith(':')) protocol += ':';
  let host = '';
  const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/i, ':')}@` : '';
  if (url.host) host = auth + url.host;
  else if (url.hostname) host = auth + (url.hostname.includes(':') ? `[${url.hostname}]` : url.hostname) + (url.port ? `:${url.port}` : '');
  let search = url.search || (url.query !== null && typeof url.query === 'object' && Object.keys(url.query).length ? `?${querystring.stringify(url.query)}` : '');
  if (search && !search.startsWith('?')) search = `?${search}`;
  let hash = url.hash || '';
  if (hash && !hash.startsWith('#')) hash = `#${hash}`;
  let pathname = url.pathname || '';
  if (url.slashes || ((!protocol || SLASHED.has(protocol)) && host)) { host = `//${host}`; if (pathname && !pathname.startsWith('/')) pathname = `/${pathname}`; }
  return protocol + host + pathname.replace(/[?#]/g, encodeURIComponent) + search.replace('#', '%23') + hash;
};
exports.resolve = function resolve(from, to) {
  const base = new URL(from, 'resolve://');
  const found = new URL(to, base);
  if (found.protocol === 'resolve:') return `${found.pathname}${found.search}${found.hash}`.replace(/^\//, from.startsWith('/') || to.startsWith('/') ? '/' : '');
  return found.toString();
};
exports.resolveObject = (from, to) => exports.parse(exports.resolve(typeof from === 'string' ? from : from.href, typeof to === 'string' ? to : to.href));
