"""The asynchronous client: ten sandboxes at once."""

import asyncio

from daytona import AsyncDaytona, CreateSandboxFromSnapshotParams


async def one(daytona, number):
    sandbox = await daytona.create(CreateSandboxFromSnapshotParams(target="us"))
    answer = await sandbox.process.code_run(f"print({number} * 2)")
    assert answer.result == f"{number * 2}\n", answer
    await sandbox.delete()


async def main():
    async with AsyncDaytona() as daytona:
        await asyncio.gather(*(one(daytona, number) for number in range(8)))


asyncio.run(main())
