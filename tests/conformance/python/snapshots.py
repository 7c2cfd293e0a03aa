"""Snapshots of sandboxes: taken, listed, started from, activated, deleted."""

import time

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaError, DaytonaNotFoundError
from daytona_api_client.exceptions import BadRequestException, NotFoundException

daytona = Daytona()
source = daytona.create()
source.process.exec("mkdir -p work/deep && echo one > work/deep/file && ln -s deep/file work/link && chmod 711 work/deep")
source.create_snapshot("mine:1")
taken = daytona.snapshot.get("mine:1")
assert taken.state == "active", taken
source.process.exec("echo later > work/deep/file")

first = daytona.create(CreateSandboxFromSnapshotParams(snapshot="mine:1"))
second = daytona.create(CreateSandboxFromSnapshotParams(snapshot=taken.id))
assert first.snapshot == "mine:1", first
assert first.process.exec("cat work/link; stat -c %a work/deep").result == "one\n711\n"
first.process.exec("rm -r work")
assert second.process.exec("cat work/link").result == "one\n", "sandboxes of one snapshot share no writes"
assert source.process.exec("cat work/link").result == "later\n"

page = daytona.snapshot.list(page=1, limit=1)
assert page.total >= 2 and len(page.items) == 1, page
names = [item.name for item in daytona.snapshot.list().items]
assert "mine:1" in names and len(names) == page.total, names

try:
    daytona.create(CreateSandboxFromSnapshotParams(snapshot="never"))
    raise AssertionError("an unknown snapshot was started")
except DaytonaError as error:
    assert "never" in str(error), error
try:
    daytona.snapshot.activate(taken)
    raise AssertionError("an active snapshot was activated")
except (DaytonaError, BadRequestException) as error:
    assert "inactive" in str(error), error

for sandbox in (first, second, source):
    sandbox.delete()
daytona.snapshot.delete(taken)
for _ in range(100):
    try:
        assert daytona.snapshot.get("mine:1").state == "removing"
    except (DaytonaNotFoundError, NotFoundException):
        break
    time.sleep(0.1)
else:
    raise AssertionError("a deleted snapshot stays")
