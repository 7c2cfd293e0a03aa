exports.structuredClone = function structuredClone(value) {
  const seen = new Map();
  const refuse = (v) => { throw new DOMException(`${typeof v === 'symbol' ? String(v) : typeof v === 'function' ? v.toString() : '#<Promise>'} could not be cloned.`, 'DataCloneError'); };
  function clone(v) {
    if (typeof v === 'function' || typeof v === 'symbol') refuse(v);
    if (v === null || typeof v !== 'object') return v;
    if (seen.has(v)) return seen.get(v);
    const keep = (c) => { seen.set(v, c); return c; };
    if (v instanceof Date) return keep(new Date(v.getTime()));
    if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags));
    if (v instanceof ArrayBuffer) return keep(v.slice(0));
    if (ArrayBuffer.isView(v)) { const b = clone(v.buffer); const C = v instanceof DataView ? DataView : globalThis[Object.prototype.toString.call(v).slice(8, -1)]; return keep(new C(b, v.byteOffset, v instanceof DataView ? v.byteLength : v.length)); }
    if (v instanceof Map) { const c = keep(new Map()); for (const [k, w] of v) c.set(clone(k), clone(w)); return c; }
    if (v instanceof Set) { const c = keep(new Set()); for (const w of v) c.add(clone(w)); return c; }
    if (v instanceof Boolean || v instanceof Number || v instanceof String) return keep(Object(v.valueOf()));
    if (v instanceof Error) { const C = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[v.name] || Error; const c = keep(Object.create(C.prototype)); for (const k of ['message', 'stack', 'cause']) if (k in v) Object.defineProperty(c, k, { value: clone(v[k]), writable: true, configurable: true }); return keep(Object.assign(new C(v.message), { stack: v.stack }, 'cause' in v ? { cause: c.cause } : {})); }
    if (v instanceof Promise || v instanceof WeakMap || v instanceof WeakSet) refuse(v);
    const c = keep(Array.isArray(v) ? new Array(v.length) : {});
    for (const k of Object.keys(v)) c[k] = clone(v[k]);
    return c;
  }
  return clone(value);
};
