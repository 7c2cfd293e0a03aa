// Every method of the TypeScript SDK that concerns what is inside a sandbox, by the package named in the first argument.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

const { Daytona } = await import(process.argv[2])
const daytona = new Daytona()
const sandbox = await daytona.create({ language: 'python', autoStopInterval: 9, labels: { a: 'b' } })
const { fs, process: p } = sandbox
const sleep = (time) => new Promise((done) => setTimeout(done, time))
const until = async (what, is) => {
  for (let turn = 0; turn < 400; turn++) {
    if (await is()) return
    await sleep(25)
  }
  assert.fail(`never: ${what}`)
}
try {
  // Files in all forms.
  const local = mkdtempSync(join(tmpdir(), 'conformance-'))
  const blob = randomBytes(2 * 1024 * 1024 + 5)
  await fs.createFolder('t/deep', '755')
  await fs.uploadFile(Buffer.from('one\nneedle here\n'), 't/a.txt')
  writeFileSync(join(local, 'up'), blob)
  await fs.uploadFile(join(local, 'up'), 't/up.bin')
  await fs.uploadFiles([
    { source: Buffer.from('x'), destination: 't/deep/x y.txt' },
    { source: join(local, 'up'), destination: 't/deep/up.bin' },
  ])
  const sent = []
  await fs.uploadFileStream(Readable.from([blob]), 't/stream.bin', { onProgress: (at) => sent.push(at.bytesSent) })
  assert.equal(sent.at(-1), blob.length)
  const received = []
  const stream = await fs.downloadFileStream('t/stream.bin', { onProgress: (at) => received.push(at) })
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  assert.ok(Buffer.concat(pieces).equals(blob))
  assert.equal(received.at(-1).bytesReceived, blob.length)
  assert.equal(received.at(-1).totalBytes, blob.length)
  await fs.downloadFile('t/up.bin', join(local, 'down'))
  assert.ok(readFileSync(join(local, 'down')).equals(blob))
  const many = await fs.downloadFiles([
    { source: 't/deep/x y.txt' },
    { source: 't/deep/up.bin', destination: join(local, 'two') },
    { source: 't/none' },
  ])
  assert.equal(many[0].result.toString(), 'x')
  assert.ok(readFileSync(join(local, 'two')).equals(blob))
  assert.ok(many[2].error)
  assert.deepEqual((await fs.listFiles('t')).map((file) => file.name).sort(), ['a.txt', 'deep', 'stream.bin', 'up.bin'])
  assert.deepEqual((await fs.findFiles('t', 'needle')).map((match) => [match.line, match.content]), [[2, 'needle here']])
  assert.equal((await fs.searchFiles('t', '*.bin')).files.length, 3)
  assert.deepEqual((await fs.replaceInFiles(['t/a.txt'], 'needle', 'thread')).map((one) => one.success), [true])
  await fs.setFilePermissions('t/a.txt', { mode: '640' })
  assert.equal((await fs.getFileDetails('t/a.txt')).permissions, '0640')
  await fs.moveFiles('t/a.txt', 't/b.txt')
  assert.equal((await fs.downloadFile('t/b.txt')).toString(), 'one\nthread here\n')
  await fs.deleteFile('t', true)
  await assert.rejects(fs.getFileDetails('t'), { name: /NotFound/ })

  // Processes.
  const ran = await p.executeCommand('echo $E; pwd; exit 3', '/tmp', { E: 'v' }, 10)
  assert.deepEqual([ran.exitCode, ran.result], [3, 'v\n/tmp\n'])
  await assert.rejects(p.executeCommand('sleep 20', undefined, undefined, 1), /timeout/i)

  // Sessions: what runs asynchronously takes input, and is found again.
  await p.createSession('s')
  await assert.rejects(p.createSession('s'), { name: /Conflict/ })
  const asking = await p.executeSessionCommand('s', { command: 'read a; echo got $a; exit_code=5; (exit 5)', runAsync: true })
  await p.sendSessionCommandInput('s', asking.cmdId, 'it')
  await until('the command ends', async () => (await p.getSessionCommand('s', asking.cmdId)).exitCode !== undefined)
  assert.equal((await p.getSessionCommand('s', asking.cmdId)).exitCode, 5)
  assert.match((await p.getSessionCommandLogs('s', asking.cmdId)).stdout, /got it\n/)
  assert.deepEqual((await p.listSessions()).map((one) => one.sessionId), ['s'])
  assert.equal((await p.getSession('s')).commands.length, 1)
  await assert.rejects(p.sendSessionCommandInput('s', asking.cmdId, 'late'))
  await p.deleteSession('s')
  await assert.rejects(p.getSession('s'), { name: /NotFound/ })

  // A terminal is left and found again, with what it remembers.
  let screen = ''
  const onData = (data) => (screen += new TextDecoder().decode(data))
  const first = await p.createPty({ id: 'one', cols: 80, rows: 24, onData })
  await first.waitForConnection()
  await first.sendInput('kept=yes\n')
  await first.sendInput('sleep 1000\n')
  await sleep(300)
  await first.disconnect()
  assert.deepEqual((await p.listPtySessions()).map((one) => one.id), ['one'])
  const again = await p.connectPty('one', { onData })
  await again.waitForConnection()
  await again.sendInput('\x03')
  await again.sendInput('echo "<$kept>"\n')
  await until('the terminal remembers', () => screen.includes('<yes>'))
  assert.equal((await again.resize(100, 30)).cols, 100)
  assert.equal((await p.getPtySessionInfo('one')).rows, 30)
  await again.kill()
  assert.equal((await again.wait()).exitCode, 137)
  const brief = await p.createPty({ id: 'two', onData })
  await brief.waitForConnection()
  await p.killPtySession('two')
  assert.equal((await brief.wait()).exitCode, 137)

  // The interpreter.
  const interpreter = sandbox.codeInterpreter
  const context = await interpreter.createContext('/tmp')
  let out = ''
  const told = await interpreter.runCode('import os, sys\nprint(os.getcwd())\nprint("e", file=sys.stderr)', {
    context,
    onStdout: (message) => (out += message.output),
  })
  assert.equal(out, '/tmp\n')
  assert.equal(told.stderr, 'e\n')
  assert.deepEqual((await interpreter.listContexts()).map((one) => one.id), [context.id])
  await interpreter.deleteContext(context)
  await assert.rejects(interpreter.runCode('while True: pass', { timeout: 1 }), { name: /Timeout/ })

  // The sandbox itself.
  assert.equal(await sandbox.getUserHomeDir(), '/home/daytona')
  assert.equal(await sandbox.getWorkDir(), '/home/daytona')
  assert.deepEqual(await sandbox.setLabels({ c: 'd' }), { c: 'd' })
  await sandbox.setAutostopInterval(11)
  await sandbox.setAutoDeleteInterval(12)
  await sandbox.refreshData()
  assert.deepEqual([sandbox.autoStopInterval, sandbox.autoDeleteInterval], [11, 12])
  await sandbox.updateNetworkSettings({ networkBlockAll: true })
  assert.equal(sandbox.networkBlockAll, true)
  await sandbox.resize({ cpu: sandbox.cpu + 1 })
  await p.executeCommand('echo of-the-parent > file')
  const copy = await sandbox.fork({ name: 'copied' })
  assert.equal((await copy.process.executeCommand('cat file')).result, 'of-the-parent\n')
  await copy.delete()
  const link = await sandbox.getPreviewLink(3000)
  assert.match(link.url, /3000-/)
  const signed = await sandbox.getSignedPreviewUrl(3000, 60)
  await sandbox.expireSignedPreviewUrl(3000, signed.token)
  await assert.rejects(sandbox.computerUse.start(), /desktop|support/i)
} finally {
  await sandbox.delete()
}
