// A program that leaves its sandbox running must still end at once.
const { Daytona } = await import(process.argv[2])
const sandbox = await new Daytona().create()
await sandbox.stop()
console.log(sandbox.id, sandbox.state)
