// `util.inspect` and `util.format`.
const kCustom = Symbol.for('nodejs.util.inspect.custom');
const DEFAULTS = {
  showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000,
  breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
};
function inspect(value, options, ...old) {
  const ctx = { ...DEFAULTS, seen: [], indentation: 0, budget: 0, circular: undefined, currentDepth: 0, stylize: plain };
  if (typeof options === 'boolean') { ctx.showHidden = options; if (old[0] !== undefined) ctx.depth = old[0]; if (old[1]) ctx.colors = true; }
  else if (options) Object.assign(ctx, options);
  ctx.seen = [];
  ctx.circular = undefined;
  ctx.userOptions = typeof options === 'object' ? options : undefined;
  if (ctx.colors) ctx.stylize = colour;
  else if (!(options && options.stylize)) ctx.stylize = plain;
  if (ctx.maxArrayLength === null) ctx.maxArrayLength = Infinity;
  if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
  if (ctx.depth === null) ctx.depth = Infinity;
  return show(ctx, value, 0);
}
inspect.custom = kCustom;
inspect.defaultOptions = DEFAULTS;
inspect.colors = Object.assign(Object.create(null), {
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28], strikethrough: [9, 29],
  black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39], white: [37, 39],
  gray: [90, 39], grey: [90, 39], blackBright: [90, 39], redBright: [91, 39], greenBright: [92, 39], yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39], cyanBright: [96, 39], whiteBright: [97, 39],
  bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49], bgBlue: [44, 49], bgMagenta: [45, 49], bgCyan: [46, 49], bgWhite: [47, 49],
});
inspect.styles = Object.assign(Object.create(null), {
  special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold', string: 'green', symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
});
exports.inspect = inspect;
const plain = (text) => text;
function colour(text, style) {
  const codes = inspect.colors[inspect.styles[style]];
  return codes ? `\x1b[${codes[0]}m${text}\x1b[${codes[1]}m` : text;
}

const ESCAPES = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };
function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes('`') && !text.includes('${')) mark = '`';
  }
  const body = text.replace(/[\x00-\x1f\x7f-\x9f\\'"`]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (c) => {
    if (c === "'" || c === '"' || c === '`') return c === mark ? `\\${c}` : c;
    const known = ESCAPES[c];
    if (known) return known;
    const code = c.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : `\\u${code.toString(16).toUpperCase()}`;
  });
  return mark + body + mark;
}

function primitive(ctx, value) {
  if (typeof value === 'string') {
    let rest = '';
    if (value.length > ctx.maxStringLength) {
      const more = value.length - ctx.maxStringLength;
      value = value.slice(0, ctx.maxStringLength);
      rest = `... ${more} more character${more > 1 ? 's' : ''}`;
    }
    if (ctx.compact !== true && value.length > 16 && value.length > ctx.breakLength - ctx.indentation - 4 && value.includes('\n')) {
      return value.split(/(?<=\n)/).map((line) => ctx.stylize(quote(line), 'string')).join(` +\n${' '.repeat(ctx.indentation + 2)}`) + rest;
    }
    return ctx.stylize(quote(value), 'string') + rest;
  }
  if (typeof value === 'number') return ctx.stylize(Object.is(value, -0) ? '-0' : group(ctx, `${value}`), 'number');
  if (typeof value === 'bigint') return ctx.stylize(`${group(ctx, `${value}`)}n`, 'bigint');
  if (typeof value === 'boolean') return ctx.stylize(`${value}`, 'boolean');
  if (typeof value === 'undefined') return ctx.stylize('undefined', 'undefined');
  if (value === null) return ctx.stylize('null', 'null');
  return ctx.stylize(value.toString(), 'symbol');
}
const group = (ctx, text) => (ctx.numericSeparator ? text.replace(/^-?\d+/, (m) => m.replace(/(\d)(?=(\d{3})+$)/g, '$1_')) : text);

function show(ctx, value, depth, typed) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return primitive(ctx, value);
  let proxied = value;
  if (ctx.customInspect) {
    let custom;
    try { custom = value[kCustom]; } catch {}
    if (typeof custom === 'function' && custom !== inspect && !(value.constructor && value.constructor.prototype === value)) {
      const left = ctx.depth === Infinity ? Infinity : ctx.depth - depth;
      const { seen, indentation, budget, circular, currentDepth, userOptions, ...clean } = ctx;
      const result = custom.call(value, left, { ...clean, ...userOptions, depth: left, stylize: ctx.stylize }, inspect);
      if (result !== value) return typeof result !== 'object' ? `${result}` : show(ctx, result, depth).replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
    }
  }
  if (ctx.seen.includes(value)) {
    if (!ctx.circular) ctx.circular = new Map();
    if (!ctx.circular.has(value)) ctx.circular.set(value, ctx.circular.size + 1);
    return ctx.stylize(`[Circular *${ctx.circular.get(value)}]`, 'special');
  }
  return raw(ctx, proxied, depth, typed);
}

function constructorName(value) {
  let object = value;
  let steps = 0;
  while (object) {
    let descriptor;
    try { descriptor = Object.getOwnPropertyDescriptor(object, 'constructor'); } catch { return 'Object'; }
    if (descriptor && typeof descriptor.value === 'function' && descriptor.value.name !== '' && (value instanceof descriptor.value || object === value || steps === 0 || true)) {
      try { if (!(value instanceof descriptor.value)) { object = Object.getPrototypeOf(object); steps++; continue; } } catch {}
      return descriptor.value.name;
    }
    object = Object.getPrototypeOf(object);
    steps++;
  }
  return null;
}
function prefixOf(name, tag, fallback, size = '') {
  if (name === null) return tag && tag !== fallback ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  return tag && tag !== name ? `${name}${size} [${tag}] ` : `${name}${size} `;
}

const typedNames = new Set(['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']);
const getTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const isDate = (v) => { try { Date.prototype.getTime.call(v); return true; } catch { return false; } };
const brand = (method, v) => { try { method.call(v); return true; } catch { return false; } };
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size').get;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;

function keysOf(ctx, value) {
  let keys = ctx.showHidden ? Object.getOwnPropertyNames(value) : Object.keys(value);
  const symbols = Object.getOwnPropertySymbols(value).filter((s) => ctx.showHidden || Object.prototype.propertyIsEnumerable.call(value, s));
  return symbols.length ? keys.concat(symbols) : keys;
}

function raw(ctx, value, depth, typed) {
  const name = constructorName(value);
  let tag = '';
  try { tag = value[Symbol.toStringTag]; } catch {}
  if (typeof tag !== 'string' || (tag !== '' && (ctx.showHidden ? Object.prototype.hasOwnProperty : Object.prototype.propertyIsEnumerable).call(value, Symbol.toStringTag))) tag = '';
  let base = '';
  let braces = ['{', '}'];
  let keys;
  let entries = () => [];
  let grouped = false;
  let noEntries = true;

  if (Array.isArray(value)) {
    keys = keysOf(ctx, value).filter((k) => typeof k === 'symbol' || !(/^(0|[1-9]\d*)$/.test(k) && +k < 2 ** 32 - 1));
    const prefix = name !== 'Array' || tag ? prefixOf(name, tag, 'Array', `(${value.length})`) : '';
    braces = [`${prefix}[`, ']'];
    if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
    grouped = true;
    noEntries = false;
    entries = () => arrayItems(ctx, value, depth);
  } else if (setLike(value)) {
    keys = keysOf(ctx, value);
    const size = setSize.call(value);
    braces[0] = `${prefixOf(name, tag, 'Set', `(${size})`)}{`;
    noEntries = size === 0;
    entries = () => { ctx.indentation += 2; const out = []; for (const v of Set.prototype.values.call(value)) { if (out.length >= ctx.maxArrayLength) { out.push(rest(size - out.length)); break; } out.push(show(ctx, v, depth)); } ctx.indentation -= 2; return out; };
  } else if (mapLike(value)) {
    keys = keysOf(ctx, value);
    const size = mapSize.call(value);
    braces[0] = `${prefixOf(name, tag, 'Map', `(${size})`)}{`;
    noEntries = size === 0;
    entries = () => { ctx.indentation += 2; const out = []; for (const [k, v] of Map.prototype.entries.call(value)) { if (out.length >= ctx.maxArrayLength) { out.push(rest(size - out.length)); break; } out.push(`${show(ctx, k, depth)} => ${show(ctx, v, depth)}`); } ctx.indentation -= 2; return out; };
  } else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const kind = getTag.call(value);
    keys = keysOf(ctx, value).filter((k) => typeof k === 'symbol' || !/^(0|[1-9]\d*)$/.test(k));
    braces = [`${prefixOf(name, tag === kind ? '' : tag, kind, `(${value.length})`)}[`, ']'];
    if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
    grouped = true;
    noEntries = false;
    entries = () => { const out = []; const n = Math.min(value.length, ctx.maxArrayLength); for (let i = 0; i < n; i++) out.push(primitive(ctx, value[i])); if (value.length > n) out.push(rest(value.length - n)); return out; };
  } else {
    keys = keysOf(ctx, value);
    const string = Object.prototype.toString.call(value);
    if (typeof value === 'function') {
      base = functionBase(value, name, tag);
      if (keys.length === 0) return ctx.stylize(base, 'special');
    } else if (string === '[object Arguments]' && name === 'Object') {
      braces = ['[Arguments] [', ']'];
      grouped = true;
      noEntries = false;
      keys = keys.filter((k) => !/^\d+$/.test(String(k)));
      entries = () => Array.from(value, (v) => show(ctx, v, depth));
    } else if (value instanceof RegExp) {
      base = RegExp.prototype.toString.call(value);
      const prefix = prefixOf(name, tag, 'RegExp');
      if (prefix !== 'RegExp ') base = prefix + base;
      if (keys.length === 0 || (depth > ctx.depth)) return ctx.stylize(base, 'regexp');
    } else if (isDate(value)) {
      base = Number.isNaN(Date.prototype.getTime.call(value)) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
      const prefix = prefixOf(name, tag, 'Date');
      if (prefix !== 'Date ') base = prefix + base;
      if (keys.length === 0) return ctx.stylize(base, 'date');
    } else if (isError(value)) {
      keys = keys.filter((k) => k !== 'stack' && k !== 'message');
      base = errorBase(ctx, value, name, tag, keys);
      if ('cause' in value && Object.prototype.hasOwnProperty.call(value, 'cause') && !keys.includes('cause')) keys.push('cause');
      if (Array.isArray(value.errors) && Object.prototype.hasOwnProperty.call(value, 'errors') && !keys.includes('errors')) keys.push('errors');
      if (keys.length === 0) return base;
    } else if (value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer)) {
      braces[0] = `${prefixOf(name, tag, 'ArrayBuffer')}{`;
      noEntries = false;
      entries = () => { const b = new Uint8Array(value); let t = ''; for (let i = 0; i < Math.min(50, b.length); i++) t += (i ? ' ' : '') + b[i].toString(16).padStart(2, '0'); if (b.length > 50) t += ` ... ${b.length - 50} more byte${b.length > 51 ? 's' : ''}`; return [`[Uint8Contents]: <${t}>`, `byteLength: ${ctx.stylize(`${b.length}`, 'number')}`]; };
    } else if (value instanceof DataView) {
      braces[0] = `${prefixOf(name, tag, 'DataView')}{`;
      noEntries = false;
      entries = () => { ctx.indentation += 2; const out = ['byteLength', 'byteOffset', 'buffer'].map((k) => `${k}: ${show(ctx, value[k], depth)}`); ctx.indentation -= 2; return out; };
    } else if (value instanceof Promise) {
      braces[0] = `${prefixOf(name, tag, 'Promise')}{`;
      noEntries = false;
      entries = () => { const [state, result] = binding.promiseState(value); if (!state) return [ctx.stylize('<pending>', 'special')]; ctx.indentation += 2; const text = show(ctx, result, depth); ctx.indentation -= 2; return [state === 2 ? `${ctx.stylize('<rejected>', 'special')} ${text}` : text]; };
    } else if (value instanceof WeakSet || value instanceof WeakMap) {
      braces[0] = `${prefixOf(name, tag, value instanceof WeakSet ? 'WeakSet' : 'WeakMap')}{`;
      noEntries = false;
      entries = () => [ctx.stylize('<items unknown>', 'special')];
    } else if (typeof WeakRef !== 'undefined' && value instanceof WeakRef) {
      braces[0] = `${prefixOf(name, tag, 'WeakRef')}{`;
      noEntries = false;
      entries = () => { ctx.indentation += 2; const t = show(ctx, value.deref(), depth); ctx.indentation -= 2; return [t]; };
    } else if (string === '[object Module]' || (name === null && tag === 'Module')) {
      braces[0] = `[Module: null prototype] {`;
    } else if (string === '[object Map Iterator]' || string === '[object Set Iterator]') {
      braces[0] = `[${tag}] {`;
    } else if (value instanceof Number || value instanceof String || value instanceof Boolean || (typeof value.valueOf === 'function' && ['[object Symbol]', '[object BigInt]'].includes(string) && typeof Object.prototype.valueOf.call(value) === 'object' && name && /^(Symbol|BigInt)$/.test(name))) {
      const kind = value instanceof Number ? 'Number' : value instanceof String ? 'String' : value instanceof Boolean ? 'Boolean' : name;
      if (kind === 'String') keys = keys.filter((k) => typeof k === 'symbol' || !/^\d+$/.test(k));
      base = `[${kind}${kind !== name ? (name === null ? ' (null prototype)' : ` (${name})`) : ''}: ${primitive({ ...ctx, stylize: plain }, value.valueOf())}]`;
      if (keys.length === 0) return ctx.stylize(base, kind.toLowerCase());
    } else {
      if (name === 'Object' && !tag) {
        if (keys.length === 0) return '{}';
      } else {
        braces[0] = `${prefixOf(name, tag, 'Object')}{`;
        if (keys.length === 0) return `${braces[0]}}`;
      }
    }
  }

  if (depth > ctx.depth) {
    const label = prefixOf(name, tag, Array.isArray(value) ? 'Array' : 'Object').slice(0, -1);
    return ctx.stylize(name === null ? label.replace(/^\[(.*)\]$/, '[$1]') : `[${label}]`, 'special');
  }
  if (keys.length === 0 && noEntries && !base && braces[0].endsWith('{') ) return `${braces[0]}}`;

  ctx.seen.push(value);
  ctx.currentDepth = depth;
  const inner = depth + 1;
  let out;
  const before = ctx.indentation;
  try {
    const items = entriesAt(entries, ctx, inner, depth);
    out = items;
    for (const key of keys) out.push(property(ctx, value, key, inner, Array.isArray(value) || braces[1] === ']'));
  } catch (error) {
    ctx.indentation = before;
    if (error instanceof RangeError && /call stack/.test(error.message)) return ctx.stylize(`[${name || 'Object'}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
    throw error;
  }
  if (ctx.circular && ctx.circular.has(value)) {
    const mark = ctx.stylize(`<ref *${ctx.circular.get(value)}>`, 'special');
    if (ctx.compact !== true) base = base === '' ? mark : `${mark} ${base}`;
    else braces[0] = `${mark} ${braces[0]}`;
  }
  ctx.seen.pop();
  if (ctx.sorted) out.sort(typeof ctx.sorted === 'function' ? ctx.sorted : undefined);
  return reduce(ctx, out, base, braces, grouped, depth, value);

  function arrayItems(c, array, d) {
    const items = [];
    const length = array.length;
    const most = Math.min(Math.max(0, c.maxArrayLength), length);
    c.indentation += 2;
    let shown = 0;
    for (let i = 0; i < length && shown < most; i++, shown++) {
      if (!Object.prototype.hasOwnProperty.call(array, i)) {
        let end = i;
        while (end < length && !Object.prototype.hasOwnProperty.call(array, end)) end++;
        items.push(c.stylize(`<${end - i} empty item${end - i > 1 ? 's' : ''}>`, 'undefined'));
        i = end - 1;
        continue;
      }
      items.push(property(c, array, i, depth + 1, 'item'));
    }
    c.indentation -= 2;
    const over = length - most;
    if (shown >= most && over > 0 && length > most) items.push(rest(over));
    return items;
  }
}
const entriesAt = (entries) => entries();
const rest = (n) => `... ${n} more item${n > 1 ? 's' : ''}`;
const setLike = (v) => v instanceof Set && brand(setSize, v);
const mapLike = (v) => v instanceof Map && brand(mapSize, v);
function isError(v) { return v instanceof Error || Object.prototype.toString.call(v) === '[object Error]'; }
exports.isError = isError;

function functionBase(value, name, tag) {
  let source = '';
  try { source = Function.prototype.toString.call(value); } catch {}
  if (source.startsWith('class') && source.endsWith('}')) {
    const own = Object.prototype.hasOwnProperty.call(value, 'name') && value.name;
    let text = `[class ${own || '(anonymous)'}`;
    const parent = Object.getPrototypeOf(value);
    if (name !== 'Function' && name !== null) text += ` [${name}]`;
    if (tag && name !== tag) text += ` [${tag}]`;
    if (name !== null) { if (parent && parent.name) text += ` extends ${parent.name}`; } else text += ' extends [null prototype]';
    return `${text}]`;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  let type = ['AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction'].includes(kind) ? kind : 'Function';
  let text = `[${type}`;
  if (name === null) text += ' (null prototype)';
  text += value.name === '' || typeof value.name !== 'string' ? ' (anonymous)' : `: ${value.name}`;
  text += ']';
  if (name !== type && name !== null && name !== 'Function') text += ` ${name}`;
  if (tag && name !== tag && tag !== type) text += ` [${tag}]`;
  return text;
}

function errorBase(ctx, error, name, tag, keys) {
  let stack;
  try { stack = typeof error.stack === 'string' && error.stack ? error.stack : Error.prototype.toString.call(error); } catch { stack = '[Error]'; }
  // A class of its own whose name the headline lacks.
  const ownName = error.name != null ? String(error.name) : 'Error';
  if (name !== null && name !== undefined && typeof ownName === 'string' && ownName.endsWith('Error') && stack.startsWith(ownName) && !stack.includes(name, 0)) {
    const first = stack.split('\n')[0];
    if (!first.includes(name)) {
      const shorter = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) || /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
      if (shorter && shorter[1] && name.endsWith('Error') && shorter[1] !== name) stack = stack.replace(shorter[1], name);
    }
  }
  if (keys.includes('name') && stack.startsWith(ownName)) keys.splice(keys.indexOf('name'), 1);
  if (!/\n\s+at /.test(stack)) {
    const at = stack;
    stack = `[${at}]`;
  }
  if (ctx.indentation) stack = stack.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
  return stack;
}

function property(ctx, object, key, depth, kind) {
  const descriptor = Object.getOwnPropertyDescriptor(object, key) || { value: object[key], enumerable: true };
  let text;
  let extra = ' ';
  if (descriptor.value !== undefined || !(descriptor.get || descriptor.set)) {
    const diff = ctx.compact !== true || kind !== false ? 2 : 3;
    if (kind !== 'item') ctx.indentation += diff;
    text = show(ctx, descriptor.value, depth);
    if (diff === 3 && ctx.breakLength < text.length) extra = `\n${' '.repeat(ctx.indentation)}`;
    if (kind !== 'item') ctx.indentation -= diff;
  } else if (descriptor.get !== undefined) {
    const label = descriptor.set !== undefined ? 'Getter/Setter' : 'Getter';
    if (ctx.getters) {
      try { ctx.indentation += 2; const v = descriptor.get.call(object); text = v !== null && typeof v === 'object' ? `${ctx.stylize(`[${label}]`, 'special')} ${show(ctx, v, depth)}` : `${ctx.stylize(`[${label}:`, 'special')} ${primitive(ctx, v)}${ctx.stylize(']', 'special')}`; } catch (e) { text = `[${label}: <Inspection threw (${e.message})>]`; } finally { ctx.indentation -= 2; }
    } else text = ctx.stylize(`[${label}]`, 'special');
  } else text = ctx.stylize('[Setter]', 'special');
  if (kind === 'item') return text;
  let name;
  if (typeof key === 'symbol') name = ctx.stylize(`[${key.toString()}]`, 'symbol');
  else if (key === '__proto__') name = "['__proto__']";
  else if (descriptor.enumerable === false) name = `[${key}]`;
  else if (/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key)) name = ctx.stylize(key, 'name');
  else name = ctx.stylize(quote(key), 'string');
  return `${name}:${extra}${text}`;
}

const ANSI = /\x1b\[[\d;]*[A-Za-z]/g;
function width(text) {
  let n = 0;
  for (const c of text.replace(ANSI, '')) {
    const code = c.codePointAt(0);
    if (code < 0x300) n++;
    else if ((code >= 0x300 && code <= 0x36f) || code === 0x200b || code === 0xfe0f) continue;
    else n += (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd) ? 2 : 1;
  }
  return n;
}
exports.width = width;

function groupItems(ctx, output, value) {
  let total = 0;
  let longest = 0;
  let i = 0;
  let length = output.length;
  const extrasShown = value !== undefined && Array.isArray(value) ? value.length > ctx.maxArrayLength : output.length > 0 && /^\.\.\. \d+ more item/.test(output[output.length - 1]);
  if (extrasShown) length--;
  const separator = 2;
  const sizes = new Array(length);
  for (; i < length; i++) {
    const size = ctx.colors ? width(output[i]) : output[i].length;
    sizes[i] = size;
    total += size + separator;
    if (longest < size) longest = size;
  }
  const actual = longest + separator;
  if (actual * 3 + ctx.indentation < ctx.breakLength && (total / actual > 5 || longest <= 6)) {
    const bias = Math.sqrt(actual - total / output.length);
    const biased = Math.max(actual - 3 - (bias - 2 < 0 ? 0 : 0) - 0, 1) && Math.max(actual - 2 - 0, 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * Math.max(bias > 0 ? actual - bias : actual, 1) * length) / Math.max(bias > 0 ? actual - bias : actual, 1)),
      Math.floor((ctx.breakLength - ctx.indentation) / actual), ctx.compact * 4, 15);
    if (columns <= 1) return output;
    const out = [];
    const widths = [];
    for (let c = 0; c < columns; c++) {
      let most = 0;
      for (let j = c; j < length; j += columns) if (sizes[j] > most) most = sizes[j];
      widths.push(most + separator);
    }
    let order = String.prototype.padStart;
    if (value !== undefined) for (let j = 0; j < length; j++) if (typeof value[j] !== 'number' && typeof value[j] !== 'bigint') { order = String.prototype.padEnd; break; }
    for (let j = 0; j < length; j += columns) {
      const most = Math.min(j + columns, length);
      let text = '';
      let k = j;
      for (; k < most - 1; k++) text += order.call(`${output[k]}, `, widths[k - j] + output[k].length - sizes[k], ' ');
      if (order === String.prototype.padStart) text += output[k].padStart(widths[k - j] + output[k].length - sizes[k] - separator, ' ');
      else text += output[k];
      out.push(text);
    }
    if (extrasShown) out.push(output[length]);
    return out;
  }
  return output;
}

function reduce(ctx, output, base, braces, grouped, depth, value) {
  if (ctx.compact !== true) {
    if (typeof ctx.compact === 'number' && ctx.compact >= 1) {
      const entries = output.length;
      if (grouped && entries > 6) output = groupItems(ctx, output, value);
      if (ctx.currentDepth - depth < ctx.compact && entries === output.length) {
        const start = output.length + ctx.indentation + braces[0].length + base.length + 10;
        if (fits(ctx, output, start, base)) {
          const joined = output.join(', ');
          if (!joined.includes('\n')) return `${base ? `${base} ` : ''}${braces[0]} ${joined} ${braces[1]}`;
        }
      }
    }
    const indentation = `\n${' '.repeat(ctx.indentation)}`;
    return `${base ? `${base} ` : ''}${braces[0]}${indentation}  ${output.join(`,${indentation}  `)}${indentation}${braces[1]}`;
  }
  if (fits(ctx, output, 0, base)) return `${braces[0]}${base ? ` ${base}` : ''} ${output.join(', ')} ${braces[1]}`;
  const indentation = `\n${' '.repeat(ctx.indentation)}`;
  return `${base ? `${base} ` : ''}${braces[0]} ${output.join(`,${indentation}  `)} ${braces[1]}`;
}
function fits(ctx, output, start, base) {
  let total = output.length + start;
  const limit = ctx.breakLength;
  if (total + output.length > limit) return false;
  for (const item of output) {
    total += ctx.colors ? item.replace(ANSI, '').length : item.length;
    if (total > limit) return false;
  }
  return base === '' || !base.includes('\n');
}

function format(...args) { return formatWith({}, ...args); }
function formatWith(options, ...args) {
  const first = args[0];
  if (typeof first !== 'string') return args.map((a) => (typeof a === 'string' ? a : inspect(a, { ...options, compact: 3 }))).join(' ');
  if (args.length === 1) return first;
  let i = 1;
  const text = first.replace(/%[sdifjoOc%]/g, (m) => {
    if (m === '%%') return '%';
    if (i >= args.length) return m;
    const arg = args[i];
    switch (m) {
      case '%s': i++;
        if (typeof arg === 'number') return Object.is(arg, -0) ? '-0' : `${arg}`;
        if (typeof arg === 'bigint') return `${arg}n`;
        if (typeof arg === 'object' && arg !== null && !(isError(arg) || (typeof arg.toString === 'function' && arg.toString !== Object.prototype.toString && arg.toString !== Array.prototype.toString && !Array.isArray(arg) && !(arg instanceof Map) && hasOwnToString(arg)))) return inspect(arg, { ...options, depth: 0, colors: false, compact: 3 });
        return String(arg);
      case '%d': i++; return typeof arg === 'bigint' ? `${arg}n` : typeof arg === 'symbol' ? 'NaN' : typeof arg === 'object' ? `${Number(arg)}` : `${Object.is(Number(arg), -0) ? '-0' : Number(arg)}`;
      case '%i': i++; return typeof arg === 'bigint' ? `${arg}n` : typeof arg === 'symbol' ? 'NaN' : `${parseInt(arg, 10)}`;
      case '%f': i++; return typeof arg === 'symbol' ? 'NaN' : `${parseFloat(arg)}`;
      case '%j': i++; try { return JSON.stringify(arg); } catch (e) { if (/circular/i.test(e.message)) return '[Circular]'; throw e; }
      case '%o': i++; return inspect(arg, { ...options, showHidden: true, showProxy: true, depth: 4 });
      case '%O': i++; return inspect(arg, options);
      default: i++; return '';
    }
  });
  const tail = args.slice(i).map((a) => (typeof a === 'string' ? a : inspect(a, { ...options, compact: 3 })));
  return tail.length ? `${text} ${tail.join(' ')}` : text;
}
function hasOwnToString(value) {
  // A class of the user's with a toString of its own.
  let object = value;
  while (object) {
    if (Object.prototype.hasOwnProperty.call(object, 'toString')) {
      const c = object.constructor;
      return !(c === Object || c === Array || c === Date && false);
    }
    object = Object.getPrototypeOf(object);
  }
  return false;
}
exports.format = format;
exports.formatWithOptions = formatWith;
