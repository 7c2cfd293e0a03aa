// Sessions, terminals and the interpreter with the TypeScript SDK, named by the first argument.
import assert from 'node:assert/strict'

const { Daytona } = await import(process.argv[2])
const sandbox = await new Daytona().create({ language: 'python' })
try {
  const p = sandbox.process
  await p.createSession('s')
  const first = await p.executeSessionCommand('s', { command: 'cd /tmp; X=kept; echo out; echo err >&2' })
  assert.deepEqual([first.exitCode, first.stdout, first.stderr], [0, 'out\n', 'err\n'])
  assert.equal((await p.executeSessionCommand('s', { command: 'pwd; echo $X' })).stdout, '/tmp\nkept\n')
  const started = await p.executeSessionCommand('s', {
    command: 'for i in 1 2 3; do echo out-$i; echo err-$i >&2; sleep 0.1; done',
    runAsync: true,
  })
  let [out, err] = ['', '']
  await p.getSessionCommandLogs('s', started.cmdId, (chunk) => (out += chunk), (chunk) => (err += chunk))
  assert.equal(out, 'out-1\nout-2\nout-3\n')
  assert.equal(err, 'err-1\nerr-2\nerr-3\n')
  await p.deleteSession('s')

  let screen = ''
  const pty = await p.createPty({
    id: 't',
    cols: 100,
    rows: 30,
    envs: { MINE: 'yes' },
    onData: (data) => (screen += new TextDecoder().decode(data)),
  })
  await pty.waitForConnection()
  await pty.sendInput('echo "<$MINE>"\n')
  for (let turn = 0; turn < 200 && !screen.includes('<yes>'); turn++) await new Promise((done) => setTimeout(done, 50))
  assert.match(screen, /<yes>/)
  assert.equal((await p.resizePtySession('t', 120, 40)).cols, 120)
  await pty.sendInput('exit 4\n')
  assert.equal((await pty.wait()).exitCode, 4)

  const interpreter = sandbox.codeInterpreter
  await interpreter.runCode('x = 41')
  assert.equal((await interpreter.runCode('print(x + 1)')).stdout, '42\n')
  assert.equal((await interpreter.runCode('1/0')).error.name, 'ZeroDivisionError')
} finally {
  await sandbox.delete()
}
