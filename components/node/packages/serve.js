// A registry on loopback, inside the sandbox: serve.js DIRECTORY PORT
const http = require('http');
const fs = require('fs');
const path = require('path');
const [directory, port] = process.argv.slice(2);
const index = JSON.parse(fs.readFileSync(path.join(directory, 'index.json'), 'utf8'));
http.createServer((request, response) => {
  const name = decodeURIComponent(request.url.slice(1));
  if (name.startsWith('archive/')) { fs.createReadStream(path.join(directory, path.basename(name))).on('error', () => response.writeHead(404).end()).pipe(response); return; }
  const doc = index[name];
  if (!doc) { response.writeHead(404).end('{}'); return; }
  const copy = JSON.parse(JSON.stringify(doc));
  for (const version of Object.values(copy.versions)) version.dist.tarball = `http://127.0.0.1:${port}/archive/${version.dist.tarball}`;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(copy));
}).listen(+port, '127.0.0.1', () => fs.writeFileSync('/tmp/registry-ready', ''));
