// Each package imported and used: the last line says how many hold.
const checks = {
  semver: (m) => m.default.satisfies('1.2.3', '^1.0.0') && m.default.inc('1.2.3', 'minor') === '1.3.0',
  'ansi-styles': (m) => m.default.red.open === '\x1b[31m',
  debug: (m) => { const d = m.default('x'); d('quiet'); return !d.enabled && typeof d.extend === 'function'; },
  chalk: (m) => new m.Chalk({ level: 1 }).red('a') === '\x1b[31ma\x1b[39m',
  minimatch: (m) => m.minimatch('a/b.js', '**/*.js') && !m.minimatch('a/b.ts', '**/*.js'),
  'supports-color': (m) => 'stdout' in m.default,
  'strip-ansi': (m) => m.default('\x1b[31ma\x1b[39m') === 'a',
  ms: (m) => m.default('2h') === 7200000 && m.default(60000) === '1m',
  'ansi-regex': (m) => m.default().test('\x1b[31m'),
  'string-width': (m) => m.default('古a') === 3,
  tslib: (m) => m.__assign({ a: 1 }, { b: 2 }).b === 2,
  'brace-expansion': (m) => (m.expand ?? m.default)('a{b,c}').join() === 'ab,ac',
  'lru-cache': (m) => { const c = new m.LRUCache({ max: 1 }); c.set('a', 1); c.set('b', 2); return c.get('a') === undefined && c.get('b') === 2; },
  'wrap-ansi': (m) => m.default('aaa bbb', 3) === 'aaa\nbbb',
  'emoji-regex': (m) => '😀'.match(m.default()).length === 1,
  glob: async (m) => (await m.glob('*.mjs')).includes('checks.mjs'),
  commander: (m) => { const p = new m.Command().option('-n, --name <x>'); p.parse(['-n', 'v'], { from: 'user' }); return p.opts().name === 'v'; },
  'color-convert': (m) => m.default.rgb.hex(255, 0, 0) === 'FF0000',
  'color-name': (m) => m.default.red.join() === '255,0,0',
  'source-map': (m) => typeof m.SourceMapGenerator === 'function' && new m.SourceMapGenerator({ file: 'x' }).toString().includes('"version":3'),
  'readable-stream': (m) => new Promise((resolve) => { let t = ''; m.Readable.from(['a', 'b']).on('data', (c) => { t += c; }).on('end', () => resolve(t === 'ab')); }),
  'has-flag': (m) => m.default('xyz', ['--xyz']) === true,
  'json-schema-traverse': (m) => { let n = 0; m.default({ properties: { a: {} } }, { cb: () => n++ }); return n === 2; },
  ajv: (m) => { const v = new m.Ajv().compile({ type: 'object', required: ['a'] }); return v({ a: 1 }) && !v({}); },
  uuid: (m) => m.validate(m.v4()) && m.v5('a', m.v5.DNS).length === 36,
  minimist: (m) => m.default(['-x', '3', '--y=z']).y === 'z',
  minipass: (m) => new Promise((resolve) => { const s = new m.Minipass({ encoding: 'utf8' }); s.on('data', (d) => resolve(d === 'hi')); s.end('hi'); }),
  'find-up': async (m) => (await m.findUp('checks.mjs')).endsWith('/checks.mjs'),
  'p-locate': async (m) => (await m.default([1, 2, 3], (x) => x === 2)) === 2,
  'locate-path': async (m) => (await m.locatePath(['no', 'checks.mjs'])) === 'checks.mjs',
  'p-limit': async (m) => (await Promise.all([1, 2, 3].map((x) => m.default(1)(() => x * 2)))).join() === '2,4,6',
  'path-exists': async (m) => m.pathExists('checks.mjs'),
  'yargs-parser': (m) => m.default(['--a.b', '1']).a.b === 1,
  'js-yaml': (m) => (m.default ?? m).load('a: [1, 2]').a[1] === 2,
  yallist: (m) => m.Yallist.create([1, 2]).toArray().length === 2,
  picomatch: (m) => m.default('*.js')('a.js'),
  'signal-exit': (m) => typeof m.onExit(() => {}) === 'function',
  estraverse: (m) => { let n = 0; (m.default ?? m).traverse({ type: 'Program', body: [] }, { enter: () => { n++; } }); return n === 1; },
  acorn: (m) => m.parse('let x = 1 + 2', { ecmaVersion: 2022 }).body[0].kind === 'let',
  lodash: (m) => m.default.chunk([1, 2, 3], 2).length === 2 && m.default.camelCase('a b') === 'aB',
  'iconv-lite': (m) => m.default.decode(m.default.encode('é', 'latin1'), 'latin1') === 'é',
  'fs-extra': async (m) => { await m.default.outputJson('/tmp/d/e.json', { a: 1 }); return (await m.default.readJson('/tmp/d/e.json')).a === 1; },
  'graceful-fs': (m) => m.default.readFileSync('checks.mjs', 'utf8').length > 10,
  qs: (m) => m.default.parse('a[b]=1').a.b === '1',
  mime: (m) => m.default.getType('x.html') === 'text/html',
  axios: async (m) => { const { createServer } = await import('node:http'); const s = createServer((q, r) => { r.setHeader('content-type', 'application/json'); r.end('{"a":1}'); }); await new Promise((r) => s.listen(0, r)); const x = await m.default.get(`http://127.0.0.1:${s.address().port}/`); s.close(); s.closeAllConnections(); return x.data.a === 1; },
  express: async (m) => { const app = m.default(); app.use(m.default.json()); app.post('/x/:id', (q, r) => r.json({ id: q.params.id, b: q.body })); const s = await new Promise((r) => { const t = app.listen(0, () => r(t)); }); const x = await (await fetch(`http://127.0.0.1:${s.address().port}/x/7`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"c":2}' })).json(); s.close(); s.closeAllConnections(); return x.id === '7' && x.b.c === 2; },
  dotenv: (m) => m.default.parse('A=1\n').A === '1',
  zod: (m) => m.z.object({ a: m.z.string() }).safeParse({ a: 'x' }).success && !m.z.number().safeParse('x').success,
};
// Types alone: there is nothing to import, with node itself neither; tsx runs what names them.
checks['type-fest'] = undefined;
let good = 0;
const failed = [];
for (const [name, check] of Object.entries(checks)) {
  try {
    const held = check
      ? await check(await import(name))
      : (await import('node:child_process')).execFileSync('tsx', ['-e', `import type { JsonValue } from '${name}'; const x: JsonValue = 1; console.log(x)`]).toString() === '1\n';
    if (held) good++; else failed.push(`${name}: does not hold`);
  } catch (error) { failed.push(`${name}: ${String(error && error.stack || error).split('\n').slice(0, 4).join(' | ')}`); }
}
for (const line of failed.sort()) console.log(line);
console.log(`${good} of ${Object.keys(checks).length}`);
process.exit(0);
