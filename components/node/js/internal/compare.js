// Deep equality, as `assert` and `util` have it.
const types = require('util/types');
function keysOf(value) {
  return [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter((s) => Object.prototype.propertyIsEnumerable.call(value, s))];
}
exports.equal = function equal(a, b, strict, seen = []) {
  if (strict ? Object.is(a, b) : a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
    if (strict) return false;
    if ((a === null || typeof a !== 'object') && (b === null || typeof b !== 'object')) return a == b || (a !== a && b !== b);
    return false;
  }
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) !== Array.isArray(b) || Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  if (seen.some(([x, y]) => x === a && y === b)) return true;
  seen = [...seen, [a, b]];
  const same = (x, y) => equal(x, y, strict, seen);
  if (types.isDate(a)) { if (!types.isDate(b) || a.getTime() !== b.getTime()) return false; }
  else if (types.isRegExp(a)) { if (String(a) !== String(b) || a.lastIndex !== b.lastIndex) return false; }
  else if (a instanceof Error) { if (a.message !== b.message || a.name !== b.name || ('cause' in a) !== ('cause' in b) || !same(a.cause, b.cause)) return false; }
  else if (types.isBoxedPrimitive(a)) { if (!types.isBoxedPrimitive(b) || !Object.is(a.valueOf(), b.valueOf())) return false; }
  else if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (strict ? !Object.is(a[i], b[i]) : a[i] !== b[i]) return false;
    return true;
  } else if (types.isAnyArrayBuffer(a)) return same(new Uint8Array(a), new Uint8Array(b));
  else if (types.isSet(a)) {
    if (a.size !== b.size) return false;
    const left = [...b];
    for (const v of a) {
      const i = left.findIndex((w) => same(v, w));
      if (i < 0) return false;
      left.splice(i, 1);
    }
  } else if (types.isMap(a)) {
    if (a.size !== b.size) return false;
    const left = [...b];
    for (const [k, v] of a) {
      const i = left.findIndex(([l, w]) => same(k, l) && same(v, w));
      if (i < 0) return false;
      left.splice(i, 1);
    }
  } else if (types.isPromise(a) || a instanceof WeakMap || a instanceof WeakSet) return false;
  if (Array.isArray(a) && a.length !== b.length) return false;
  const ka = keysOf(a);
  const kb = keysOf(b);
  if (ka.length !== kb.length) return false;
  return ka.every((k) => Object.prototype.propertyIsEnumerable.call(b, k) && same(a[k], b[k]));
};
