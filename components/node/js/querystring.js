// querystring.
exports.escape = (text) => encodeURIComponent(typeof text === 'string' ? text : `${text}`).replace(/[!'()*]/g, (c) => (c === "'" || c === '!' || c === '(' || c === ')' || c === '*' ? c : c));
exports.unescape = (text) => { try { return decodeURIComponent(text); } catch { return require('internal/url').unescape(text.replace(/\+/g, '%2B')); } };
const simple = (v) => (typeof v === 'string' ? v : typeof v === 'number' && Number.isFinite(v) ? `${v}` : typeof v === 'bigint' || typeof v === 'boolean' ? `${v}` : '');
exports.stringify = exports.encode = function (object, sep = '&', eq = '=', options) {
  const escape = (options && options.encodeURIComponent) || exports.escape;
  if (object === null || typeof object !== 'object') return '';
  return Object.keys(object).map((k) => (Array.isArray(object[k]) ? object[k].map((v) => `${escape(simple(k))}${eq}${escape(simple(v))}`).join(sep) : `${escape(simple(k))}${eq}${escape(simple(object[k]))}`)).filter(Boolean).join(sep);
};
exports.parse = exports.decode = function (text, sep = '&', eq = '=', options) {
  const out = Object.create(null);
  if (typeof text !== 'string' || !text) return out;
  const unescape = (options && options.decodeURIComponent) || exports.unescape;
  const clean = (t) => { t = t.replace(/\+/g, ' '); try { return unescape(t); } catch { return exports.unescape(t); } };
  let parts = text.split(sep);
  const most = options && typeof options.maxKeys === 'number' ? options.maxKeys : 1000;
  if (most > 0) parts = parts.slice(0, most);
  for (const part of parts) {
    if (!part) continue;
    const at = part.indexOf(eq);
    const k = clean(at < 0 ? part : part.slice(0, at));
    const v = at < 0 ? '' : clean(part.slice(at + eq.length));
    if (k in out) { if (Array.isArray(out[k])) out[k].push(v); else out[k] = [out[k], v]; } else out[k] = v;
  }
  return out;
};
