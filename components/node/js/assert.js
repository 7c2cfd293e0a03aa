// assert.
const { equal } = require('internal/compare');
const { coded, argType } = require('internal/errors');
const inspect = (v) => require('util').inspect(v, { depth: 1000, maxArrayLength: Infinity, compact: false, customInspect: false, sorted: true, breakLength: Infinity });

class AssertionError extends Error {
  constructor({ message, actual, expected, operator, stackStartFn, generated } = {}) {
    super(message === undefined ? describe(actual, expected, operator) : String(message));
    this.generatedMessage = generated === undefined ? message === undefined : generated;
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    Object.defineProperty(this, 'name', { value: 'AssertionError [ERR_ASSERTION]', configurable: true, writable: true });
    Error.captureStackTrace(this, stackStartFn || AssertionError);
    void this.stack;
    this.name = 'AssertionError';
  }
  toString() { return `${this.name} [${this.code}]: ${this.message}`; }
}
const HEADS = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:', strictEqual: 'Expected values to be strictly equal:',
  deepEqual: 'Expected values to be loosely deep-equal:', notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};
function describe(actual, expected, operator) {
  if (operator === '==' || operator === '!=') return `${inspect(actual)} ${operator} ${inspect(expected)}`;
  const head = HEADS[operator];
  if (!head) return `${inspect(actual)} ${operator} ${inspect(expected)}`;
  const [a, b] = [inspect(actual), inspect(expected)];
  if (operator.startsWith('not')) return a.includes('\n') ? `${head}\n\n${a}\n` : `${head} ${a}`.replace('equal to: ', 'equal to: ');
  if (operator === 'deepEqual') return `${head}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`;
  if (!a.includes('\n') && !b.includes('\n') && a !== b && (typeof actual !== 'object' || actual === null) && (typeof expected !== 'object' || expected === null)) return `${head}\n\n${a} !== ${b}\n`;
  return `${head}\n${diff(a.split('\n'), b.split('\n'))}`;
}
function diff(a, b) {
  // Longest common subsequence of lines; long texts are compared from both ends only.
  const out = [];
  const n = a.length;
  const m = b.length;
  if (n * m > 250000) return `+ actual - expected\n\n+ ${a.slice(0, 50).join('\n+ ')}\n- ${b.slice(0, 50).join('\n- ')}\n`;
  const table = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[i] === b[j]) { out.push(`  ${a[i]}`); i++; j++; }
    else if (i < n && (j >= m || table[i + 1][j] >= table[i][j + 1])) out.push(`+ ${a[i++]}`);
    else out.push(`- ${b[j++]}`);
  }
  return `+ actual - expected\n\n${out.join('\n')}\n`;
}
function fail(actual, expected, message, operator, fn) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ actual, expected, message, operator, stackStartFn: fn });
}
function assert(value, message) { if (!value) bad(value, message, arguments.length, assert); }
function bad(value, message, count, fn) {
  if (message instanceof Error) throw message;
  const given = message !== undefined;
  throw new AssertionError({ actual: value, expected: true, operator: '==', stackStartFn: fn, generated: !given, message: given ? message : count === 0 ? 'No value argument passed to `assert.ok()`' : 'The expression evaluated to a falsy value' });
}
module.exports = assert;
assert.AssertionError = AssertionError;
assert.ok = function ok(value, message) { if (!value) bad(value, message, arguments.length, ok); };
assert.fail = function failNow(message) { if (message instanceof Error) throw message; throw new AssertionError({ message: message === undefined ? 'Failed' : message, operator: 'fail', stackStartFn: failNow, generated: message === undefined }); };
assert.equal = function (a, b, m) { if (!(a == b || (a !== a && b !== b))) fail(a, b, m, '==', assert.equal); };
assert.notEqual = function (a, b, m) { if (a == b || (a !== a && b !== b)) fail(a, b, m, '!=', assert.notEqual); };
assert.strictEqual = function (a, b, m) { if (!Object.is(a, b)) fail(a, b, m, 'strictEqual', assert.strictEqual); };
assert.notStrictEqual = function (a, b, m) { if (Object.is(a, b)) fail(a, b, m, 'notStrictEqual', assert.notStrictEqual); };
assert.deepEqual = function (a, b, m) { if (!equal(a, b, false)) fail(a, b, m, 'deepEqual', assert.deepEqual); };
assert.notDeepEqual = function (a, b, m) { if (equal(a, b, false)) fail(a, b, m, 'notDeepEqual', assert.notDeepEqual); };
assert.deepStrictEqual = function (a, b, m) { if (!equal(a, b, true)) fail(a, b, m, 'deepStrictEqual', assert.deepStrictEqual); };
assert.notDeepStrictEqual = function (a, b, m) { if (equal(a, b, true)) fail(a, b, m, 'notDeepStrictEqual', assert.notDeepStrictEqual); };
assert.partialDeepStrictEqual = function (a, b, m) {
  const part = (x, y) => (y === null || typeof y !== 'object' ? Object.is(x, y) : x !== null && typeof x === 'object' && Object.keys(y).every((k) => part(x[k], y[k])));
  if (!part(a, b)) fail(a, b, m, 'partialDeepStrictEqual', assert.partialDeepStrictEqual);
};
assert.match = function (text, regexp, m) { if (typeof text !== 'string' || !regexp.test(text)) fail(text, regexp, m !== undefined ? m : `The input did not match the regular expression ${inspect(regexp)}. Input:\n\n${inspect(text)}\n`, 'match', assert.match); };
assert.doesNotMatch = function (text, regexp, m) { if (typeof text === 'string' && regexp.test(text)) fail(text, regexp, m !== undefined ? m : `The input was expected to not match the regular expression ${inspect(regexp)}. Input:\n\n${inspect(text)}\n`, 'doesNotMatch', assert.doesNotMatch); };
assert.ifError = function (value) { if (value !== null && value !== undefined) throw value instanceof Error ? value : new AssertionError({ actual: value, expected: null, operator: 'ifError', message: `ifError got unwanted exception: ${inspect(value)}` }); };

function expected(error, wanted, message, fn) {
  if (wanted === undefined) return;
  if (typeof wanted === 'string') return;
  if (wanted instanceof RegExp) { if (!wanted.test(String(error))) fail(error, wanted, message || `The input did not match the regular expression ${inspect(wanted)}. Input:\n\n${inspect(String(error))}\n`, fn.name, fn); return; }
  if (typeof wanted === 'function') {
    if (wanted.prototype !== undefined && error instanceof wanted) return;
    if (Error.isPrototypeOf(wanted) || wanted === Error) throw error;
    if (wanted.call({}, error) !== true) fail(error, wanted, message || `The ${wanted.name ? `"${wanted.name}" ` : ''}validation function is expected to return "true". Received ${inspect(wanted.call({}, error))}\n\nCaught error:\n\n${error}`, fn.name, fn);
    return;
  }
  const keys = wanted instanceof Error ? [...Object.keys(wanted), 'name', 'message'] : Object.keys(wanted);
  for (const key of keys) {
    const ok = wanted[key] instanceof RegExp && typeof error[key] === 'string' ? wanted[key].test(error[key]) : equal(error[key], wanted[key], true);
    if (!ok) fail(error, wanted, message || describe(Object.fromEntries(keys.map((k) => [k, error[k]])), Object.fromEntries(keys.map((k) => [k, wanted[k]])), 'deepStrictEqual'), fn.name, fn);
  }
}
const missing = (kind, wanted, message, fn) => fail(undefined, wanted, message || `Missing expected ${kind}${wanted && wanted.name ? ` (${wanted.name})` : ''}${typeof wanted === 'string' ? `: ${wanted}` : '.'}`, fn.name, fn);
assert.throws = function throws(fn, wanted, message) {
  if (typeof fn !== 'function') throw argType('fn', 'of type function', fn);
  try { fn(); } catch (error) { expected(error, wanted, message, throws); return; }
  missing('exception', wanted, message, throws);
};
assert.doesNotThrow = function doesNotThrow(fn, wanted, message) {
  try { fn(); } catch (error) { fail(error, wanted, `Got unwanted exception${typeof wanted === 'string' ? `: ${wanted}` : message ? `: ${message}` : '.'}\nActual message: "${error && error.message}"`, 'doesNotThrow', doesNotThrow); }
};
assert.rejects = async function rejects(promise, wanted, message) {
  try { await (typeof promise === 'function' ? promise() : promise); } catch (error) { expected(error, wanted, message, rejects); return; }
  missing('rejection', wanted, message, rejects);
};
assert.doesNotReject = async function doesNotReject(promise, wanted, message) {
  try { await (typeof promise === 'function' ? promise() : promise); } catch (error) { fail(error, wanted, `Got unwanted rejection.\nActual message: "${error && error.message}"`, 'doesNotReject', doesNotReject); }
};
function strict(value, message) { if (!value) bad(value, message, arguments.length, strict); }
assert.strict = Object.assign(strict, assert, { equal: assert.strictEqual, deepEqual: assert.deepStrictEqual, notEqual: assert.notStrictEqual, notDeepEqual: assert.notDeepStrictEqual });
assert.strict.strict = assert.strict;
void coded;
