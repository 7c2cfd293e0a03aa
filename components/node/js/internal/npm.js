// npm: packages from a registry into node_modules, their scripts, and npx.
const fs = require('fs');
const path = require('path');
const semver = require('internal/semver');
const { Buffer } = require('buffer');
const VERSION = '10.9.0';
// One package's archive at most, packed and unpacked; and the packages of one tree.
const MOST_ARCHIVE = 256 << 20;
const MOST_PACKAGES = 5000;
// Requests to the registry at once.
const AT_ONCE = 8;
class Refusal extends Error { constructor(code, message) { super(message); this.code = code; } }
const say = (text) => binding.print(1, `${text}\n`);
const warn = (text) => binding.print(2, `${text}\n`);

function readJson(file) { try { return JSON.parse(fs.readFileSync(file, 'utf8')); } catch (e) { if (e.code === 'ENOENT' || e.code === 'ENOTDIR') return null; throw new Refusal('EJSONPARSE', `${file} is no JSON: ${e.message}`); } }
const writeJson = (file, value) => fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
function settings(root, flags) {
  const all = {};
  for (const file of ['/usr/local/etc/npmrc', path.join(process.env.HOME || '/root', '.npmrc'), process.env.npm_config_userconfig, path.join(root, '.npmrc')]) {
    let text;
    try { text = fs.readFileSync(file, 'utf8'); } catch { continue; }
    for (const line of text.split('\n')) { const m = /^\s*([^;#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line); if (m) all[m[1]] = m[2].replace(/\$\{([^}]+)\}/g, (t, n) => process.env[n] ?? t).replace(/^"(.*)"$/, '$1'); }
  }
  for (const [k, v] of Object.entries(process.env)) if (/^npm_config_/i.test(k)) all[k.slice(11).replace(/(?!^)_/g, '-').toLowerCase()] = v;
  Object.assign(all, flags);
  // npm's own default.
  all.registry = (all.registry || ['https://registry', 'npmjs', 'org'].join('.')).replace(/\/*$/, '/');
  return all;
}
const registryOf = (name, config) => { const scope = /^(@[^/]+)\//.exec(name); return ((scope && config[`${scope[1]}:registry`]) || config.registry).replace(/\/*$/, '/'); };
function authorization(url, config) {
  const bare = url.replace(/^https?:/, '');
  for (const [k, v] of Object.entries(config)) { const m = /^(\/\/.*?\/?):_(authToken|auth)$/.exec(k); if (m && bare.startsWith(m[1])) return m[2] === 'authToken' ? `Bearer ${v}` : `Basic ${v}`; }
  return undefined;
}
async function get(url, config, accept) {
  for (let attempt = 0; ; attempt++) {
    try {
      const headers = { accept, 'user-agent': `npm/${VERSION} node/${process.version} linux wasm32` };
      const auth = authorization(url, config);
      if (auth) headers.authorization = auth;
      const response = await fetch(url, { headers });
      if (response.status >= 500 && attempt < 2) { await response.arrayBuffer(); continue; }
      return response;
    } catch (e) {
      if (attempt >= 2 || /policy/.test(e.cause && e.cause.message)) throw new Refusal((e.cause && e.cause.code) || 'ENETWORK', `request to ${url} failed, reason: ${(e.cause && e.cause.message) || e.message}`);
      await new Promise((r) => setTimeout(r, 200 * 2 ** attempt));
    }
  }
}
const documents = new Map();
let running = 0;
const queue = [];
async function limited(act) { if (running >= AT_ONCE) await new Promise((r) => queue.push(r)); running++; try { return await act(); } finally { running--; const next = queue.shift(); if (next) next(); } }
function manifest(name, config) {
  if (!documents.has(name)) documents.set(name, limited(async () => {
    const url = registryOf(name, config) + name.replace('/', '%2f');
    const response = await get(url, config, 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8');
    if (response.status === 404) throw new Refusal('E404', `404 Not Found - GET ${url} - '${name}' is not in this registry.`);
    if (!response.ok) throw new Refusal(`E${response.status}`, `${response.status} ${response.statusText} - GET ${url}`);
    return response.json();
  }));
  return documents.get(name);
}
async function pick(name, spec, config) {
  const alias = /^npm:((?:@[^/]+\/)?[^@]+)(?:@(.*))?$/.exec(spec);
  if (alias) return pick(alias[1], alias[2] || 'latest', config);
  if (/^(git|https?|file|link|workspace|github):|^git@|^[\w-]+\/[\w.-]+$/.test(spec) && !/^https?:.*\.tgz$/.test(spec)) throw new Refusal('EUNSUPPORTED', `${name}@${spec}: only versions and archives of a registry can be installed here; name a version instead`);
  if (/^https?:/.test(spec)) return { name, version: '0.0.0', dist: { tarball: spec } };
  const doc = await manifest(name, config);
  const tags = doc['dist-tags'] || {};
  const versions = Object.keys(doc.versions || {});
  let version = spec === '' || spec === '*' ? (tags.latest && !semver.parse(tags.latest).pre.length ? tags.latest : semver.max(versions, '*') || tags.latest) : tags[spec];
  if (!version && tags.latest && semver.satisfies(tags.latest, spec)) version = tags.latest;
  version ||= semver.max(versions, spec);
  if (!version) throw new Refusal('ETARGET', `No matching version found for ${name}@${spec}.`);
  return doc.versions[version];
}

// --- archives
function unpack(data, target) {
  const tar = require('zlib').gunzipSync(data, { maxOutputLength: MOST_ARCHIVE });
  let long = null;
  let pax = {};
  for (let at = 0; at + 512 <= tar.length;) {
    const head = tar.subarray(at, at + 512);
    if (head[0] === 0) break;
    const text = (a, n) => { const b = head.subarray(a, a + n); const end = b.indexOf(0); return b.toString('utf8', 0, end < 0 ? n : end); };
    const size = parseInt(text(124, 12).trim() || '0', 8);
    if (!(size >= 0) || at + 512 + size > tar.length) throw new Refusal('TAR_BAD_ARCHIVE', 'the archive is damaged');
    const body = tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    const type = String.fromCharCode(head[156]);
    if (type === 'x' || type === 'g') { if (type === 'x') { pax = {}; for (let p = 0; p < body.length;) { const space = body.indexOf(32, p); const n = parseInt(body.toString('latin1', p, space), 10); if (!(n > 0)) break; const [k, ...v] = body.toString('utf8', space + 1, p + n - 1).split('='); pax[k] = v.join('='); p += n; } } continue; }
    if (type === 'L') { long = body.toString('utf8').replace(/\0.*$/s, ''); continue; }
    let name = pax.path || long || (text(257, 5) === 'ustar' && text(345, 155) ? `${text(345, 155)}/${text(0, 100)}` : text(0, 100));
    long = null;
    pax = {};
    const inner = name.split('/').slice(1).filter((p) => p && p !== '.');
    if (!inner.length || inner.includes('..') || name.includes('\0')) continue;
    const file = path.join(target, ...inner);
    if (type === '5') { fs.mkdirSync(file, { recursive: true }); continue; }
    // Links have no place in a package.
    if (type !== '0' && type !== '\0' && type !== '7') continue;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const mode = parseInt(text(100, 8).trim() || '0', 8);
    fs.writeFileSync(file, body, { mode: mode & 0o111 ? 0o755 : 0o644 });
  }
}
function check(data, dist, what) {
  const crypto = require('crypto');
  const integrity = dist.integrity && dist.integrity.split(/\s+/).map((i) => /^(sha\d+)-(.+)$/.exec(i)).filter((m) => m && ['sha512', 'sha384', 'sha256', 'sha1'].includes(m[1])).sort((a, b) => (a[1] === 'sha1') - (b[1] === 'sha1') || b[1].localeCompare(a[1]))[0];
  const own = `sha512-${crypto.createHash('sha512').update(data).digest('base64')}`;
  if (integrity) { const found = crypto.createHash(integrity[1]).update(data).digest('base64'); if (found !== integrity[2]) throw new Refusal('EINTEGRITY', `${what}: the archive is not the one that was published: ${integrity[0]} was expected, and it is ${integrity[1]}-${found}`); }
  else if (dist.shasum && crypto.createHash('sha1').update(data).digest('hex') !== dist.shasum) throw new Refusal('EINTEGRITY', `${what}: the archive is not the one that was published`);
  return integrity ? integrity[0] : own;
}

// --- the tree. A node: {name, version, meta, parent, children, path, dev, optional}
class Node { constructor(name, parent, meta) { Object.assign(this, { name, parent, meta, children: new Map(), version: meta.version }); this.path = parent ? `${parent.path ? `${parent.path}/` : ''}node_modules/${name}` : ''; } find(name) { for (let n = this; n; n = n.parent) if (n.children.has(name)) return n.children.get(name); return null; } }
const fits = (node, spec) => { const alias = /^npm:(?:@[^/]+\/)?[^@]+@?(.*)$/.exec(spec); if (alias) spec = alias[1] || '*'; return /^https?:/.test(spec) || semver.satisfies(node.version, spec) || (!semver.isRange(spec) && true); };
const suits = (meta) => { const ok = (list, v) => !list || !list.length || (list.some((x) => !x.startsWith('!')) ? list.includes(v) : !list.includes(`!${v}`)); return ok(meta.os, 'linux') && ok(meta.cpu, 'wasm32'); };
async function resolveTree(root, pkg, locked, config, omitDev) {
  const top = new Node('', null, { ...pkg, version: pkg.version || '0.0.0' });
  const work = [];
  const push = (node, deps, o) => { for (const [name, spec] of Object.entries(deps || {})) work.push({ node, name, spec: String(spec), ...o }); };
  push(top, pkg.dependencies, {});
  push(top, pkg.optionalDependencies, { optional: true });
  if (!omitDev) push(top, pkg.devDependencies, { dev: true });
  let count = 0;
  for (const w of work) void manifestEarly(w, config);
  while (work.length) {
    const { node, name, spec, optional, dev, peer } = work.shift();
    const present = node.find(name);
    if (present && fits(present, spec)) { if (!dev) present.dev = false; continue; }
    let meta;
    try {
      const hint = locked && lockedFor(locked, node, name, spec);
      meta = hint || await pick(name, spec, config);
    } catch (e) { if (optional) continue; if (peer) continue; throw e; }
    if (optional && !suits(meta)) continue;
    // As high as nobody in between has another version.
    let place = top;
    if (top.children.has(name)) { place = node; for (let n = node.parent; n && !n.children.has(name); n = n.parent) place = n; if (place.children.has(name)) place = node; }
    if (peer && present) { warn(`npm warn ERESOLVE ${name}@${present.version} is there, ${node.name} wants ${spec}`); continue; }
    const child = new Node(name, place, meta);
    child.dev = !!dev;
    child.optional = !!optional;
    place.children.set(name, child);
    if (++count > MOST_PACKAGES) throw new Refusal('ETOOMANY', `more than ${MOST_PACKAGES} packages are needed`);
    push(child, Object.fromEntries(Object.entries(meta.dependencies || {}).filter(([k]) => !(meta.optionalDependencies || {})[k])), { dev });
    push(child, meta.optionalDependencies, { optional: true, dev });
    push(child, Object.fromEntries(Object.entries(meta.peerDependencies || {}).filter(([k]) => !((meta.peerDependenciesMeta || {})[k] || {}).optional)), { peer: true, dev });
    for (const n of Object.keys({ ...meta.dependencies })) void manifestEarly({ name: n, spec: meta.dependencies[n] }, config, locked);
  }
  return top;
}
function manifestEarly({ name, spec }, config, locked) { if (!locked && !/^(npm|git|https?|file):/.test(spec)) manifest(name, config).catch(() => {}); }
function lockedFor(lock, node, name, spec) {
  for (let n = node; n; n = n.parent) { const entry = (lock.packages || {})[`${n.path ? `${n.path}/` : ''}node_modules/${name}`]; if (entry) return entry.version && semver.satisfies(entry.version, spec) && entry.resolved ? { name: entry.name || name, version: entry.version, dist: { tarball: entry.resolved, integrity: entry.integrity }, ...entry } : null; }
  return null;
}
const all = (top) => { const out = []; const walk = (n) => { for (const name of [...n.children.keys()].sort()) { const c = n.children.get(name); out.push(c); walk(c); } }; walk(top); return out; };
function bins(meta) { const b = meta.bin; return !b ? {} : typeof b === 'string' ? { [meta.name.replace(/^@[^/]+\//, '')]: b } : b; }

async function install(root, names, flags, config) {
  const begun = binding.now();
  const file = path.join(root, 'package.json');
  const pkg = readJson(file) || {};
  const saved = names.length > 0 && !flags['no-save'];
  for (const arg of names) {
    const m = /^((?:@[^/@]+\/)?[^@/]+)(?:@(.*))?$/.exec(arg);
    if (!m) throw new Refusal('EUNSUPPORTED', `${arg}: only names of packages, with or without a version, can be installed here`);
    const meta = await pick(m[1], m[2] || 'latest', config);
    const spec = m[2] && m[2].startsWith('npm:') ? m[2] : m[2] && semver.isRange(m[2]) && !semver.parse(m[2]) ? m[2] : flags['save-exact'] || flags.E ? meta.version : `^${meta.version}`;
    const field = flags['save-dev'] || flags.D ? 'devDependencies' : flags['save-optional'] || flags.O ? 'optionalDependencies' : flags['save-peer'] ? 'peerDependencies' : (pkg.devDependencies || {})[m[1]] && !flags['save-prod'] ? 'devDependencies' : 'dependencies';
    for (const other of ['dependencies', 'devDependencies', 'optionalDependencies']) if (other !== field && pkg[other]) { delete pkg[other][m[1]]; if (!Object.keys(pkg[other]).length) delete pkg[other]; }
    pkg[field] = Object.fromEntries(Object.entries({ ...pkg[field], [m[1]]: spec }).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  const lockFile = path.join(root, 'package-lock.json');
  const lock = flags['no-package-lock'] ? null : readJson(lockFile);
  if (flags.ci && !lock) throw new Refusal('EUSAGE', 'The `npm ci` command can only install with an existing package-lock.json');
  const omitDev = flags.production || flags['only'] === 'production' || flags.omit === 'dev' || process.env.NODE_ENV === 'production';
  const top = await resolveTree(root, pkg, lock, config, omitDev);
  const nodes = all(top);
  const before = (readJson(path.join(root, 'node_modules/.package-lock.json')) || {}).packages || {};
  if (flags.ci) fs.rmSync(path.join(root, 'node_modules'), { recursive: true, force: true });
  let added = 0;
  const fresh = nodes.filter((n) => { const old = before[n.path]; return !old || old.version !== n.version || flags.ci || !fs.existsSync(path.join(root, n.path, 'package.json')); });
  const wanted = new Set(nodes.map((n) => n.path));
  let removed = 0;
  for (const old of Object.keys(before)) if (!wanted.has(old)) { removed++; fs.rmSync(path.join(root, old), { recursive: true, force: true }); }
  const archives = await Promise.all(fresh.map((n) => limited(async () => {
    const url = n.meta.dist.tarball;
    const response = await get(url, config, '*/*');
    if (!response.ok) throw new Refusal(`E${response.status}`, `${response.status} ${response.statusText} - GET ${url}`);
    const data = Buffer.from(await response.arrayBuffer());
    if (data.length > MOST_ARCHIVE) throw new Refusal('ETOOBIG', `${n.name}@${n.version} is larger than ${MOST_ARCHIVE} bytes`);
    n.integrity = check(data, n.meta.dist, `${n.name}@${n.version}`);
    return data;
  })));
  fresh.forEach((n, i) => {
    const target = path.join(root, n.path);
    for (const name of fs.existsSync(target) ? fs.readdirSync(target) : []) if (name !== 'node_modules') fs.rmSync(path.join(target, name), { recursive: true, force: true });
    fs.mkdirSync(target, { recursive: true });
    unpack(archives[i], target);
    added++;
  });
  for (const n of nodes) {
    const meta = readJson(path.join(root, n.path, 'package.json')) || n.meta;
    n.installed = meta;
    for (const [name, where] of Object.entries(bins({ name: n.name, ...meta }))) {
      const directory = path.join(root, n.parent.path, 'node_modules/.bin');
      const link = path.join(directory, path.basename(name));
      const script = path.join(root, n.path, where);
      if (!fs.existsSync(script)) continue;
      fs.mkdirSync(directory, { recursive: true });
      fs.rmSync(link, { force: true });
      fs.chmodSync(script, 0o755);
      fs.symlinkSync(path.relative(directory, script), link);
    }
  }
  const entries = {};
  for (const n of nodes) {
    const m = n.installed;
    const old = (lock && lock.packages && lock.packages[n.path]) || before[n.path] || {};
    entries[n.path] = JSON.parse(JSON.stringify({ name: m.name !== n.name ? m.name : undefined, version: n.version, resolved: n.meta.dist.tarball, integrity: n.integrity || n.meta.dist.integrity || old.integrity, dev: n.dev || undefined, optional: n.optional || undefined, hasInstallScript: hasScript(m, root, n) || undefined, license: typeof m.license === 'string' ? m.license : undefined, dependencies: m.dependencies, bin: m.bin && bins({ name: n.name, ...m }), engines: m.engines, peerDependencies: m.peerDependencies, peerDependenciesMeta: m.peerDependenciesMeta, optionalDependencies: m.optionalDependencies, os: m.os, cpu: m.cpu }));
  }
  if (nodes.length || removed) { fs.mkdirSync(path.join(root, 'node_modules'), { recursive: true }); writeJson(path.join(root, 'node_modules/.package-lock.json'), { name: pkg.name || path.basename(root), version: pkg.version, lockfileVersion: 3, requires: true, packages: entries }); }
  if (saved || (!fs.existsSync(file) && names.length)) writeJson(file, pkg);
  if (!flags['no-package-lock'] && !flags.ci && !flags['no-save']) writeJson(lockFile, { name: pkg.name || path.basename(root), version: pkg.version, lockfileVersion: 3, requires: true, packages: { '': JSON.parse(JSON.stringify({ name: pkg.name, version: pkg.version, license: pkg.license, dependencies: pkg.dependencies, devDependencies: pkg.devDependencies, optionalDependencies: pkg.optionalDependencies, peerDependencies: pkg.peerDependencies, bin: pkg.bin })), ...entries } });
  for (const n of fresh) {
    const m = n.installed;
    const native = fs.existsSync(path.join(root, n.path, 'binding.gyp')) || /node-gyp|prebuild|cmake-js|node-pre-gyp/.test(JSON.stringify([(m.scripts || {}).install, (m.scripts || {}).preinstall, (m.scripts || {}).postinstall]));
    if (native && !n.optional) throw new Refusal('ENATIVE', `${n.name}@${n.version} builds a native addon, and sandboxes run WebAssembly only; use a package that is JavaScript alone`);
    if (flags['ignore-scripts'] || config['ignore-scripts'] === 'true') continue;
    for (const stage of ['preinstall', 'install', 'postinstall']) if ((m.scripts || {})[stage] && !native) { const code = script(path.join(root, n.path), m, stage, [], root); if (code !== 0 && !n.optional) throw new Refusal('ELIFECYCLE', `${n.name}@${n.version} ${stage}: \`${m.scripts[stage]}\` ended with ${code}`); }
  }
  if (!names.length && !flags['ignore-scripts']) for (const stage of ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare']) if ((pkg.scripts || {})[stage]) { const code = script(root, pkg, stage, [], root); if (code !== 0) throw new Refusal('ELIFECYCLE', `${stage} ended with ${code}`); }
  const seconds = (ms) => (ms < 1000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 1000)}s`);
  const words = [added && `added ${added} package${added > 1 ? 's' : ''}`, removed && `removed ${removed} package${removed > 1 ? 's' : ''}`].filter(Boolean);
  if (!flags.silent && !flags.s) say(`\n${words.length ? words.join(', and ') : 'up to date'} in ${seconds(binding.now() - begun)}`);
}
const hasScript = (m) => ['preinstall', 'install', 'postinstall'].some((s) => (m.scripts || {})[s]);
function script(cwd, pkg, name, args, root) {
  const command = [pkg.scripts[name], ...args.map((a) => (/^[\w@%+=:,./-]+$/.test(a) ? a : `'${a.replace(/'/g, "'\\''")}'`))].join(' ');
  const dirs = [];
  for (let d = cwd; ; d = path.dirname(d)) { dirs.push(path.join(d, 'node_modules/.bin')); if (d === '/') break; }
  const env = { ...process.env, PATH: [...dirs, process.env.PATH || '/usr/local/bin:/usr/bin:/bin'].join(':'), npm_lifecycle_event: name, npm_lifecycle_script: pkg.scripts[name], npm_package_name: pkg.name || '', npm_package_version: pkg.version || '', npm_package_json: path.join(cwd, 'package.json'), npm_execpath: '/usr/bin/npm', npm_node_execpath: process.execPath, npm_command: 'run-script', npm_config_user_agent: `npm/${VERSION} node/${process.version} linux wasm32`, INIT_CWD: process.env.INIT_CWD || process.cwd(), NODE: process.execPath };
  const result = require('child_process').spawnSync(command, [], { cwd, env, shell: true, stdio: 'inherit' });
  void root;
  return result.status === null ? 1 : result.status;
}
function run(root, name, args, flags) {
  const pkg = readJson(path.join(root, 'package.json'));
  if (!pkg) throw new Refusal('ENOENT', `Could not read package.json: Error: ENOENT: no such file or directory, open '${path.join(root, 'package.json')}'`);
  const scripts = pkg.scripts || {};
  if (!name) { if (Object.keys(scripts).length) say(`Scripts available in ${pkg.name || path.basename(root)}:`); for (const [k, v] of Object.entries(scripts)) say(`  ${k}\n    ${v}`); return; }
  if (name === 'start' && !scripts.start && fs.existsSync(path.join(root, 'server.js'))) scripts.start = 'node server.js';
  if (!scripts[name]) { if (flags['if-present']) return; throw new Refusal('EMISSING', `Missing script: "${name}"\n\nTo see a list of scripts, run:\n  npm run`); }
  for (const stage of [`pre${name}`, name, `post${name}`]) {
    if (!scripts[stage]) continue;
    if (!flags.silent && !flags.s) say(`\n> ${pkg.name ? `${pkg.name}@${pkg.version || ''} ` : ''}${stage}\n> ${[scripts[stage], ...(stage === name ? args : [])].join(' ')}\n`);
    const code = script(root, { ...pkg, scripts }, stage, stage === name ? args : [], root);
    if (code !== 0) { process.exitCode = code; return; }
  }
}
function init(root) {
  const file = path.join(root, 'package.json');
  const old = readJson(file) || {};
  const made = { name: path.basename(root).toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^[._]+/, '') || 'package', version: '1.0.0', description: '', main: 'index.js', scripts: { test: 'echo "Error: no test specified" && exit 1' }, keywords: [], author: '', license: 'ISC', ...old };
  writeJson(file, made);
  say(`Wrote to ${file}:\n\n${JSON.stringify(made, null, 2)}\n`);
}
function ls(root, flags) {
  const pkg = readJson(path.join(root, 'package.json')) || {};
  const lock = readJson(path.join(root, 'node_modules/.package-lock.json')) || { packages: {} };
  const wanted = { ...pkg.dependencies, ...pkg.devDependencies, ...pkg.optionalDependencies };
  const find = (from, name) => { for (let p = from; ; p = p.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) { const at = `${p ? `${p}/` : ''}node_modules/${name}`; if (lock.packages[at]) return at; if (!p) return null; } };
  const tree = (from, deps, seen) => Object.keys(deps || {}).sort().map((name) => { const at = find(from, name); const e = at && lock.packages[at]; return { name, version: e ? e.version : null, spec: deps[name], children: e && (flags.all || flags.a) && !seen.has(at) ? tree(at, e.dependencies, new Set([...seen, at])) : [] }; });
  const list = tree('', wanted, new Set());
  if (flags.json) { const show = (l) => Object.fromEntries(l.map((n) => [n.name, { version: n.version, ...(n.children.length ? { dependencies: show(n.children) } : {}) }])); say(JSON.stringify({ name: pkg.name, version: pkg.version, dependencies: show(list) }, null, 2)); return; }
  say(`${pkg.name ? `${pkg.name}@${pkg.version}` : path.basename(root)} ${root}`);
  const show = (l, indent) => l.forEach((n, i) => { const last = i === l.length - 1; say(`${indent}${last ? '└' : '├'}─${n.children.length ? '┬' : '─'} ${n.version ? `${n.name}@${n.version}` : `UNMET DEPENDENCY ${n.name}@${n.spec}`}`); if (!n.version) process.exitCode = 1; show(n.children, `${indent}${last ? '  ' : '│ '}`); });
  if (list.length) show(list, ''); else say('└── (empty)');
}
async function uninstall(root, names, flags, config) {
  const file = path.join(root, 'package.json');
  const pkg = readJson(file) || {};
  for (const n of names) for (const f of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) if (pkg[f]) { delete pkg[f][n]; if (!Object.keys(pkg[f]).length) delete pkg[f]; }
  writeJson(file, pkg);
  await install(root, [], { ...flags, 'ignore-scripts': true }, config);
}
function project() { for (let d = process.cwd(); ; d = path.dirname(d)) { if (fs.existsSync(path.join(d, 'package.json')) || fs.existsSync(path.join(d, 'node_modules'))) return d; if (d === '/') return process.cwd(); } }
async function exec(root, args, flags, config) {
  if (flags.call || flags.c) { const result = require('child_process').spawnSync(flags.call || flags.c, [], { shell: true, stdio: 'inherit' }); process.exitCode = result.status ?? 1; return; }
  const [spec, ...rest] = args;
  if (!spec) throw new Refusal('EUSAGE', 'npx needs the name of a package');
  const m = /^((?:@[^/@]+\/)?[^@/]+)(?:@(.*))?$/.exec(spec);
  const wanted = flags.package || flags.p;
  let name = m ? m[1].replace(/^@[^/]+\//, '') : spec;
  let bin;
  for (let d = root; !m || !m[2]; d = path.dirname(d)) { const at = path.join(d, 'node_modules/.bin', name); if (fs.existsSync(at)) { bin = at; break; } if (d === '/') break; }
  if (!bin) {
    const key = require('crypto').createHash('sha256').update(wanted || spec).digest('hex').slice(0, 16);
    const cache = path.join(process.env.HOME || '/root', '.npm/_npx', key);
    fs.mkdirSync(cache, { recursive: true });
    if (!fs.existsSync(path.join(cache, 'package.json'))) writeJson(path.join(cache, 'package.json'), {});
    await install(cache, [wanted || spec], { silent: true }, config);
    const main = readJson(path.join(cache, 'node_modules', /^((?:@[^/@]+\/)?[^@/]+)/.exec(wanted || spec)[1], 'package.json')) || {};
    const list = Object.keys(bins(main));
    if (!wanted && !list.includes(name) && list.length) name = list[0];
    bin = path.join(cache, 'node_modules/.bin', name);
    if (!fs.existsSync(bin)) throw new Refusal('ENOEXEC', `${spec} has no program named ${name}`);
  }
  const result = require('child_process').spawnSync(bin, rest, { stdio: 'inherit' });
  if (result.error) throw result.error;
  process.exitCode = result.status ?? 1;
}
const HELP = `npm <command>

install [name[@version] ...]   into node_modules; -D for development, -E for exactly this version
ci                             what package-lock.json says
uninstall <name ...>
run [script] [-- arguments]    also: npm test, npm start
exec, npx                      a package's program
init -y, ls [--all], view <name> [field], pack is not here; config get registry
`;
exports.main = function main(self, argv) {
  const flags = {};
  const args = [];
  const VALUE = new Set(['registry', 'prefix', 'omit', 'only', 'call', 'c', 'package', 'p', 'tag', 'userconfig', 'loglevel', 'cache', 'C']);
  for (let i = 0; i < argv.length; i++) {
    const a = argv[i];
    if (a === '--') { args.push(...argv.slice(i + 1)); break; }
    if (self === 'npx' && args.length) { args.push(...argv.slice(i)); break; }
    if (a.startsWith('-') && a !== '-') { let [k, v] = a.replace(/^--?/, '').split(/=(.*)/s); if (v === undefined && VALUE.has(k) && argv[i + 1] !== undefined && !(self === 'npm' && k === 'p')) v = argv[++i]; flags[k] = v === undefined ? true : v; } else args.push(a);
  }
  const command = self === 'npx' ? 'exec' : args.shift();
  const root = flags.prefix || flags.C ? path.resolve(flags.prefix || flags.C) : flags.g || flags.global ? '/usr/local/lib' : project();
  const config = settings(root, Object.fromEntries(Object.entries(flags).filter(([, v]) => typeof v === 'string')));
  (async () => {
    if (flags.v || flags.version) { say(VERSION); return; }
    switch (command) {
      case 'install': case 'i': case 'add': case 'in': await install(root, args, { ...flags, 'no-package-lock': flags['no-package-lock'] || flags.g || flags.global }, config); if (flags.g || flags.global) for (const n of fs.existsSync('/usr/local/lib/node_modules/.bin') ? fs.readdirSync('/usr/local/lib/node_modules/.bin') : []) { fs.rmSync(`/usr/local/bin/${n}`, { force: true }); fs.symlinkSync(`/usr/local/lib/node_modules/.bin/${n}`, `/usr/local/bin/${n}`); } break;
      case 'ci': case 'clean-install': await install(root, [], { ...flags, ci: true }, config); break;
      case 'uninstall': case 'remove': case 'rm': case 'un': case 'r': await uninstall(root, args, flags, config); break;
      case 'update': case 'up': fs.rmSync(path.join(root, 'package-lock.json'), { force: true }); await install(root, [], flags, config); break;
      case 'run': case 'run-script': run(root, args[0], args.slice(1), flags); break;
      case 'test': case 't': case 'start': case 'stop': case 'restart': run(root, command === 't' ? 'test' : command, args, flags); break;
      case 'exec': case 'x': await exec(root, args, flags, config); break;
      case 'init': case 'create': init(process.cwd()); break;
      case 'ls': case 'list': case 'la': case 'll': ls(root, flags); break;
      case 'view': case 'info': case 'show': { const m = /^((?:@[^/@]+\/)?[^@/]+)(?:@(.*))?$/.exec(args[0]); const meta = await pick(m[1], m[2] || 'latest', config); if (args[1]) { const v = args[1] === 'versions' ? Object.keys((await manifest(m[1], config)).versions) : args[1].split('.').reduce((o, k) => o && o[k], meta); if (v !== undefined) say(typeof v === 'string' ? v : require('util').inspect(v)); } else say(`\n${meta.name}@${meta.version}${meta.license ? ` | ${meta.license}` : ''} | deps: ${Object.keys(meta.dependencies || {}).length || 'none'}\n${meta.description || ''}\n\ndist\n.tarball: ${meta.dist.tarball}\n.shasum: ${meta.dist.shasum || ''}`); break; }
      case 'config': case 'get': case 'set': { const list = command === 'config' ? args : [command, ...args]; if (list[0] === 'get') say(String(config[list[1]] ?? 'undefined')); else if (list[0] === 'set') { const [k, v] = list[1].includes('=') ? list[1].split(/=(.*)/s) : [list[1], list[2]]; fs.appendFileSync(path.join(process.env.HOME || '/root', '.npmrc'), `${k}=${v}\n`); } else for (const [k, v] of Object.entries(config)) if (!/_auth/.test(k)) say(`${k} = ${JSON.stringify(v)}`); break; }
      case 'root': say(path.join(root, 'node_modules')); break;
      case 'prefix': say(root); break;
      case 'bin': say(path.join(root, 'node_modules/.bin')); break;
      case 'cache': break;
      case undefined: case 'help': say(HELP); if (command === undefined) process.exitCode = 1; break;
      default: throw new Refusal('EUSAGE', `Unknown command: "${command}"\n\nTo see what there is, run:\n  npm help`);
    }
  })().catch((error) => {
    if (!(error instanceof Refusal) && !(error.code && error.syscall)) { require('internal/loop').uncaught(error); return; }
    warn(`npm error code ${error.code}\n${error.message.split('\n').map((l) => `npm error ${l}`).join('\n')}`);
    process.exitCode = 1;
  });
};
