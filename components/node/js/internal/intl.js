// What programs most ask of `Intl`, in English (en-US) and UTC.
const resolved = { locale: 'en-US', calendar: 'gregory', numberingSystem: 'latn', timeZone: process.env.TZ || 'UTC' };
function locale(C) { C.supportedLocalesOf = (l) => [].concat(l || []); return C; }
const number = Number.prototype.toFixed;
function grouped(value, o = {}) {
  if (typeof value === 'bigint') return String(value).replace(/\B(?=(\d{3})+$)/g, o.useGrouping === false ? '' : ',');
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-∞' : '∞';
  const money = o.style === 'currency';
  const percent = o.style === 'percent';
  if (percent) value *= 100;
  const least = o.minimumFractionDigits ?? (money ? 2 : 0);
  const most = Math.max(least, o.maximumFractionDigits ?? (money ? 2 : percent ? 0 : 3));
  let text = number.call(Math.abs(value), most);
  if (text.includes('.')) { const [i, f] = text.split('.'); let frac = f.replace(/0+$/, ''); frac = frac.padEnd(least, '0'); text = frac ? `${i}.${frac}` : i; }
  let [i, f] = text.split('.');
  if (o.minimumIntegerDigits) i = i.padStart(o.minimumIntegerDigits, '0');
  if (o.useGrouping !== false) i = i.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = value < 0 && Number(text) !== 0 ? '-' : '';
  const symbol = money ? { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹' }[o.currency] || `${o.currency}\u00a0` : '';
  return `${sign}${symbol}${f ? `${i}.${f}` : i}${percent ? '%' : ''}${o.style === 'unit' ? ` ${o.unit}` : ''}`;
}
class NumberFormat { constructor(_, o = {}) { this.o = o; this.format = (v) => grouped(typeof v === 'bigint' ? v : Number(v), this.o); } formatToParts(v) { return [{ type: 'literal', value: this.format(v) }]; } resolvedOptions() { return { ...resolved, style: 'decimal', ...this.o }; } }
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
function dateText(d, o) {
  const two = (n) => String(n).padStart(2, '0');
  const style = { full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, long: { year: 'numeric', month: 'long', day: 'numeric' }, medium: { year: 'numeric', month: 'short', day: 'numeric' }, short: { year: '2-digit', month: 'numeric', day: 'numeric' } };
  const clock = { full: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' } };
  o = { ...(o.dateStyle && style[o.dateStyle]), ...(o.timeStyle && clock[o.timeStyle]), ...o };
  if (!['weekday', 'year', 'month', 'day', 'hour', 'minute', 'second'].some((k) => o[k])) o = { ...o, year: 'numeric', month: 'numeric', day: 'numeric' };
  const parts = [];
  const year = o.year && (o.year === '2-digit' ? two(d.getUTCFullYear() % 100) : String(d.getUTCFullYear()));
  const day = o.day && (o.day === '2-digit' ? two(d.getUTCDate()) : String(d.getUTCDate()));
  const m = d.getUTCMonth();
  const month = o.month && (o.month === 'long' ? MONTHS[m] : o.month === 'short' ? MONTHS[m].slice(0, 3) : o.month === '2-digit' ? two(m + 1) : String(m + 1));
  const weekday = o.weekday && (o.weekday === 'long' ? DAYS[d.getUTCDay()] : DAYS[d.getUTCDay()].slice(0, 3));
  let date;
  if (month && /^[A-Z]/.test(month)) date = [weekday, [month, day].filter(Boolean).join(' '), year].filter(Boolean).join(', ');
  else date = [weekday, [month, day, year].filter(Boolean).join('/')].filter(Boolean).join(', ');
  if (date) parts.push(date);
  if (o.hour || o.minute || o.second) {
    const twelve = o.hour12 !== false && o.hourCycle !== 'h23';
    const h = d.getUTCHours();
    const hour = o.hour && (twelve ? (o.hour === '2-digit' ? two(h % 12 || 12) : String(h % 12 || 12)) : two(h));
    parts.push([hour, o.minute && two(d.getUTCMinutes()), o.second && two(d.getUTCSeconds())].filter(Boolean).join(':') + (twelve && o.hour ? (h < 12 ? ' AM' : ' PM') : '') + (o.timeZoneName ? ' UTC' : ''));
  }
  return parts.join(', ');
}
class DateTimeFormat { constructor(_, o = {}) { this.o = o; this.format = (d) => dateText(d === undefined ? new Date() : new Date(d), this.o); } formatToParts(d) { const x = new Date(d ?? Date.now()); return [['month', x.getUTCMonth() + 1], ['day', x.getUTCDate()], ['year', x.getUTCFullYear()], ['hour', x.getUTCHours()], ['minute', x.getUTCMinutes()], ['second', x.getUTCSeconds()]].map(([type, v]) => ({ type, value: String(v).padStart(2, '0') })); } formatRange(a, b) { return `${this.format(a)} – ${this.format(b)}`; } resolvedOptions() { return { ...resolved, ...this.o, timeZone: this.o.timeZone || resolved.timeZone }; } }
class Collator { constructor(_, o = {}) { this.o = o; this.compare = (a, b) => { a = String(a); b = String(b); if (o.sensitivity === 'base' || o.sensitivity === 'accent') { a = a.toLowerCase(); b = b.toLowerCase(); } if (o.numeric) { const x = a.match(/\d+|\D+/g) || []; const y = b.match(/\d+|\D+/g) || []; for (let i = 0; i < Math.min(x.length, y.length); i++) { const n = /^\d/.test(x[i]) && /^\d/.test(y[i]) ? x[i] - y[i] : x[i] < y[i] ? -1 : x[i] > y[i] ? 1 : 0; if (n) return n < 0 ? -1 : 1; } return Math.sign(x.length - y.length); } const l = a.toLowerCase(); const r = b.toLowerCase(); return l < r ? -1 : l > r ? 1 : a < b ? 1 : a > b ? -1 : 0; }; } resolvedOptions() { return { ...resolved, ...this.o }; } }
class PluralRules { constructor(_, o = {}) { this.o = o; } select(n) { if (this.o.type !== 'ordinal') return n === 1 ? 'one' : 'other'; const t = n % 100; return n % 10 === 1 && t !== 11 ? 'one' : n % 10 === 2 && t !== 12 ? 'two' : n % 10 === 3 && t !== 13 ? 'few' : 'other'; } resolvedOptions() { return { ...resolved, ...this.o }; } }
class ListFormat { constructor(_, o = {}) { this.o = o; } format(list) { const a = [...list]; const w = this.o.type === 'disjunction' ? 'or' : 'and'; return a.length < 2 ? a.join('') : a.length === 2 ? a.join(` ${w} `) : `${a.slice(0, -1).join(', ')}, ${w} ${a[a.length - 1]}`; } }
class RelativeTimeFormat { constructor(_, o = {}) { this.o = o; } format(v, unit) { unit = unit.replace(/s$/, ''); const n = Math.abs(v); const words = `${grouped(n)} ${unit}${n === 1 ? '' : 's'}`; if (this.o.numeric === 'auto' && unit === 'day') { if (v === 0) return 'today'; if (v === 1) return 'tomorrow'; if (v === -1) return 'yesterday'; } return v < 0 || Object.is(v, -0) ? `${words} ago` : `in ${words}`; } }
class Segmenter { constructor(_, o = {}) { this.o = o; } segment(text) { const parts = this.o.granularity === 'word' ? text.match(/[\p{L}\p{N}_']+|[^\p{L}\p{N}_']/gu) || [] : text.match(/\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|\P{M}[\p{M}\u200d\ufe0f]*(?:(?<=\u200d)\P{M}[\p{M}\u200d\ufe0f]*)*|[\s\S]/gu) || []; let index = 0; return parts.map((segment) => { const r = { segment, index, input: text, isWordLike: /[\p{L}\p{N}]/u.test(segment) }; index += segment.length; return r; }); } }
class Locale { constructor(tag) { this.baseName = tag; [this.language, this.region] = tag.split('-'); } toString() { return this.baseName; } maximize() { return this; } minimize() { return this; } }
class DisplayNames { of(code) { return code; } }
exports.Intl = { NumberFormat: call(locale(NumberFormat)), DateTimeFormat: call(locale(DateTimeFormat)), Collator: call(locale(Collator)), PluralRules: locale(PluralRules), ListFormat: locale(ListFormat), RelativeTimeFormat: locale(RelativeTimeFormat), Segmenter: locale(Segmenter), Locale, DisplayNames: locale(DisplayNames), getCanonicalLocales: (l) => [].concat(l || []), supportedValuesOf: () => [] };
// They are called without `new`, too.
function call(C) { return new Proxy(C, { apply: (target, _, args) => new target(...args) }); }
