// The whole road with the TypeScript SDK, named by the first argument.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'

const { Daytona } = await import(process.argv[2])
const daytona = new Daytona()
const sandbox = await daytona.create({ language: 'python', envVars: { COLOUR: 'blue' }, labels: { team: 'blue' } })
assert.equal(sandbox.state, 'started')
assert.equal(sandbox.target, 'us')

const value = await sandbox.process.codeRun('import os, sys\nprint(os.environ["COLOUR"], sys.argv[1:])', { argv: ['a b'] })
assert.equal(value.exitCode, 0, value.result)
assert.equal(value.result, "blue ['a b']\n")
const failed = await sandbox.process.codeRun('raise ValueError("wrong")')
assert.equal(failed.exitCode, 1)
assert.match(failed.result, /Traceback[^]*ValueError: wrong/)

const script = await sandbox.process.executeCommand('for n in 3 1 2; do echo $n; done | sort | tr "\\n" " "')
assert.equal(script.result, '1 2 3 ')

const blob = randomBytes(5 * 1024 * 1024)
await sandbox.fs.uploadFile(blob, 'deep/blob.bin')
assert.ok(Buffer.compare(Buffer.from(await sandbox.fs.downloadFile('deep/blob.bin')), blob) === 0)
assert.deepEqual((await sandbox.fs.listFiles('deep')).map((file) => file.name), ['blob.bin'])

await sandbox.stop()
assert.equal(sandbox.state, 'stopped')
await sandbox.start()
assert.equal((await sandbox.process.executeCommand('wc -c < deep/blob.bin')).result.trim(), String(blob.length))

const mine = []
for await (const item of await daytona.list({ labels: { team: 'blue' } })) mine.push(item.id)
assert.deepEqual(mine, [sandbox.id])
await sandbox.delete()
await assert.rejects(daytona.get(sandbox.id), { name: /NotFound/ })
