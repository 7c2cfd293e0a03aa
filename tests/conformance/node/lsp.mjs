// Language servers through the TypeScript SDK.
import assert from 'node:assert/strict'

const { Daytona } = await import(process.argv[2])
const sandbox = await new Daytona().create()
try {
  const source = 'class Greeter:\n    def greet(self, name):\n        return "hello " + name\n\n\ngreeter = Greeter()\ngreeter.\n'
  await sandbox.fs.createFolder('project', '755')
  await sandbox.fs.uploadFile(Buffer.from(source), 'project/greeting.py')
  const lsp = await sandbox.createLspServer('python', 'project')
  await lsp.start()
  await lsp.didOpen('project/greeting.py')
  const symbols = await lsp.documentSymbols('project/greeting.py')
  assert.ok(symbols.some(symbol => symbol.name === 'Greeter' && symbol.kind === 5), JSON.stringify(symbols))
  const found = await lsp.sandboxSymbols('Greeter')
  assert.deepEqual(found.map(symbol => symbol.name), ['Greeter'])
  const completions = await lsp.completions('project/greeting.py', { line: 6, character: 8 })
  assert.ok(completions.items.some(item => item.label === 'greet'), JSON.stringify(completions))
  await lsp.didClose('project/greeting.py')
  await lsp.stop()
} finally {
  await sandbox.delete()
}
