// Declarative images and uploads with the npm SDK: the AWS SDK talks to our object storage.
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { Daytona, Image } = await import(process.argv[2])
const daytona = new Daytona()
process.chdir(mkdtempSync(join(tmpdir(), 'images-')))
mkdirSync('src')
writeFileSync('src/a.txt', 'a\n')
// Large enough for an upload in parts.
const noise = randomBytes(6 << 20)
writeFileSync('noise', noise)

const image = Image.base('node:22')
  .addLocalDir('src', '/srv/src')
  .addLocalFile('noise', '/srv/noise')
  .runCommands('cat /srv/src/a.txt > /srv/copy; echo to the log')
  .env({ WHO: 'me & you' })
  .workdir('/srv')

const logs = []
const snapshot = await daytona.snapshot.create(
  { name: 'from-node:1', image, resources: { cpu: 1, memory: 1, disk: 2 } },
  { onLogs: (chunk) => logs.push(chunk), timeout: 100 },
)
assert.equal(snapshot.state, 'active', logs.join('\n'))
assert.ok(logs.join('\n').includes('to the log'), logs.join('\n'))
const sandbox = await daytona.create({ snapshot: 'from-node:1' })
assert.equal((await sandbox.process.executeCommand('cat /srv/copy; echo "$WHO"')).result, 'a\nme & you\n')
assert.ok((await sandbox.fs.downloadFile('/srv/noise')).equals(noise))
await sandbox.delete()

await assert.rejects(daytona.snapshot.create({ name: 'bad:1', image: Image.base('ruby:3.3') }), /ruby:3\.3.*sandbar-base/s)
await daytona.snapshot.delete(await daytona.snapshot.get('from-node:1'))
