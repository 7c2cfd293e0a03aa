"""Volumes: made when they are asked for, shared by sandboxes, kept when they go."""

import time
from concurrent.futures import ThreadPoolExecutor

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaError, DaytonaNotFoundError, VolumeMount
from daytona_api_client.exceptions import ApiException

daytona = Daytona()
volume = daytona.volume.get("shared", create=True)
assert daytona.volume.get("shared").id == volume.id
assert [item.name for item in daytona.volume.list()] == ["shared"]

make = lambda **mount: daytona.create(
    CreateSandboxFromSnapshotParams(volumes=[VolumeMount(volume_id=volume.id, mount_path="/data", **mount)])
)
first, second = make(), make()
begun = first.process.exec("echo one > /data/a && mv /data/a /data/b && mkdir /data/sub")
assert begun.exit_code == 0, begun
assert second.process.exec("cat /data/b").result == "one\n"
inner = make(subpath="sub")
assert inner.process.exec("echo deep > /data/x; ls -a /data").result.split() == [".", "..", "x"]
assert first.process.exec("cat /data/sub/x").result == "deep\n"

# Two writers of one database lose nothing.
insert = (
    "python3 -c \"import sqlite3; d = sqlite3.connect('/data/s.db', timeout=30); "
    "d.execute('create table if not exists t (x)'); d.commit()\n"
    "for n in range(50):\n  d.execute('insert into t values (?)', (n,)); d.commit()\""
)
with ThreadPoolExecutor() as pool:
    for ran in pool.map(lambda sandbox: sandbox.process.exec(insert), (first, second)):
        assert ran.exit_code == 0, ran
count = "python3 -c \"import sqlite3; print(sqlite3.connect('/data/s.db').execute('select count(*) from t').fetchone()[0])\""
assert first.process.exec(count).result == "100\n", first.process.exec(count)

try:
    daytona.volume.delete(volume)
    raise AssertionError("a volume in use was deleted")
except (DaytonaError, ApiException) as error:
    assert "is mounted in sandbox" in str(error), error
for sandbox in (first, second, inner):
    sandbox.delete(wait=True)
later = make()
assert later.process.exec("cat /data/b /data/sub/x").result == "one\ndeep\n"
later.delete(wait=True)
daytona.volume.delete(volume)
for _ in range(100):
    try:
        daytona.volume.get("shared")
    except DaytonaNotFoundError:
        break
    time.sleep(0.1)
else:
    raise AssertionError("a deleted volume stays")
