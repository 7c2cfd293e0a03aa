// Makes a registry of files from the packages that npm installed: make_registry.mjs NODE_MODULES OUT
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';

const [from, out] = process.argv.slice(2);
const documents = new Map();
function walk(modules) {
  for (const name of fs.readdirSync(modules)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) { walk(path.join(modules, name)); continue; }
    const directory = path.join(modules, name);
    const file = path.join(directory, 'package.json');
    if (fs.existsSync(file)) add(directory, JSON.parse(fs.readFileSync(file, 'utf8')));
    if (fs.existsSync(path.join(directory, 'node_modules'))) walk(path.join(directory, 'node_modules'));
  }
}
function add(directory, meta) {
  const doc = documents.get(meta.name) ?? { name: meta.name, 'dist-tags': {}, versions: {} };
  documents.set(meta.name, doc);
  if (doc.versions[meta.version]) return;
  const archive = `${meta.name.replace('/', '+')}-${meta.version}.tgz`;
  const parent = path.dirname(directory);
  execFileSync('tar', ['-czf', path.join(out, archive), '--exclude', 'node_modules', '--transform', `s,^${path.basename(directory)},package,`, '-C', parent, path.basename(directory)]);
  const data = fs.readFileSync(path.join(out, archive));
  const { name, version, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, bin, engines, os, cpu } = meta;
  doc.versions[version] = { name, version, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, bin, engines, os, cpu, dist: { tarball: archive, integrity: `sha512-${createHash('sha512').update(data).digest('base64')}` } };
  // What is at the top is what a plain install gets.
  doc['dist-tags'].latest ??= version;
}
fs.mkdirSync(out, { recursive: true });
walk(from);
fs.writeFileSync(path.join(out, 'index.json'), JSON.stringify(Object.fromEntries(documents)));
