// Versions and ranges of them, as npm reads them.
const FULL = /^\s*[v=]*\s*(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*$/;
function parse(text) { const m = FULL.exec(text); return m ? { n: [+m[1], +m[2], +m[3]], pre: m[4] ? m[4].split('.').map((p) => (/^\d+$/.test(p) ? +p : p)) : [] } : null; }
function compare(a, b) {
  for (let i = 0; i < 3; i++) if (a.n[i] !== b.n[i]) return a.n[i] < b.n[i] ? -1 : 1;
  if (!a.pre.length || !b.pre.length) return b.pre.length - a.pre.length && (a.pre.length ? -1 : 1);
  for (let i = 0; ; i++) {
    const x = a.pre[i];
    const y = b.pre[i];
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
    if (x === y) continue;
    if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
    return x < y ? -1 : 1;
  }
}
const make = (a, b, c, pre = []) => ({ n: [a, b, c], pre });
function comparators(part) {
  const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(part);
  if (hyphen) return [...one('>=', hyphen[1]), ...one('<=', hyphen[2])];
  return part.trim().replace(/([<>=~^]+)\s+/g, '$1').split(/\s+/).filter(Boolean).flatMap((word) => { const m = /^([<>]=?|=|~>?|\^)?\s*(.*)$/.exec(word); return one(m[1] || '', m[2]); });
}
function one(op, text) {
  const m = /^[v=\s]*(\d+|[xX*])?(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?$/.exec(text);
  if (!m) return [['none']];
  const num = (s) => (s === undefined || /[xX*]/.test(s) ? null : +s);
  const [a, b, c] = [num(m[1]), num(m[2]), num(m[3])];
  const pre = m[4] ? m[4].split('.').map((p) => (/^\d+$/.test(p) ? +p : p)) : [];
  const low = make(a ?? 0, b ?? 0, c ?? 0, pre);
  const zero = [0];
  if (a === null) return op === '<' || op === '>' ? [['none']] : [];
  if (op === '^') return [['>=', low], ['<', a > 0 || b === null ? make(a + 1, 0, 0, zero) : b > 0 || c === null ? make(a, b + 1, 0, zero) : make(a, b, c + 1, zero)]];
  if (op.startsWith('~')) return [['>=', low], ['<', b === null ? make(a + 1, 0, 0, zero) : make(a, b + 1, 0, zero)]];
  const top = b === null ? make(a + 1, 0, 0, zero) : c === null ? make(a, b + 1, 0, zero) : null;
  if (op === '' || op === '=') return top ? [['>=', low], ['<', top]] : [['=', low]];
  if (op === '>') return top ? [['>=', make(...top.n)]] : [['>', low]];
  if (op === '<=') return top ? [['<', top]] : [['<=', low]];
  return [[op, op === '<' && top ? make(...low.n, zero) : low]];
}
function satisfies(version, range) {
  const v = typeof version === 'string' ? parse(version) : version;
  if (!v) return false;
  return String(range).split('||').some((part) => {
    const list = comparators(part);
    const ok = list.every(([op, c]) => { if (op === 'none') return false; const d = compare(v, c); return op === '=' ? d === 0 : op === '>' ? d > 0 : op === '>=' ? d >= 0 : op === '<' ? d < 0 : d <= 0; });
    if (!ok || !v.pre.length) return ok;
    return list.some(([, c]) => c && c.pre.length && !(c.pre.length === 1 && c.pre[0] === 0) && c.n.every((x, i) => x === v.n[i]));
  });
}
Object.assign(exports, { parse, compare, satisfies, order: (a, b) => compare(parse(a), parse(b)), max: (list, range) => list.filter((v) => satisfies(v, range)).sort((a, b) => compare(parse(a), parse(b))).pop(), isRange: (t) => t === '' || t.split('||').every((p) => comparators(p).every(([op]) => op !== 'none')) });
