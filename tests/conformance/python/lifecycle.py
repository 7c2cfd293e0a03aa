"""Labels and list, stop and start with files kept, delete and then 404."""

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaNotFoundError, ListSandboxesQuery

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us", name="first", labels={"team": "blue"}))
other = daytona.create(CreateSandboxFromSnapshotParams(labels={"team": "red"}))
assert sandbox.state == "started" and sandbox.target == "us", sandbox
assert sandbox.name == "first"

found = list(daytona.list(ListSandboxesQuery(labels={"team": "blue"})))
assert [item.id for item in found] == [sandbox.id], found
assert len(list(daytona.list())) == 2
assert sandbox.set_labels({"team": "green", "stage": "test"}) == {"team": "green", "stage": "test"}
assert list(daytona.list(ListSandboxesQuery(labels={"team": "blue"}))) == []
assert daytona.get("first").labels == {"team": "green", "stage": "test"}
assert daytona.get(sandbox.id).name == "first"

sandbox.process.exec("echo kept > kept.txt")
sandbox.stop()
assert sandbox.state == "stopped", sandbox.state
assert daytona.get(sandbox.id).state == "stopped"
try:
    sandbox.process.exec("true")
    raise AssertionError("a stopped sandbox answered")
except Exception as error:
    assert "AssertionError" not in type(error).__name__, error
sandbox.start()
assert sandbox.state == "started", sandbox.state
assert sandbox.process.exec("cat kept.txt").result == "kept\n"

sandbox.refresh_activity()
sandbox.set_autostop_interval(30)
assert daytona.get(sandbox.id).auto_stop_interval == 30

sandbox.delete()
other.delete(wait=True)
for gone in (sandbox.id, "first", other.id):
    try:
        daytona.get(gone)
        raise AssertionError(f"{gone} is still there")
    except DaytonaNotFoundError:
        pass
assert list(daytona.list()) == []
# The name is free again.
daytona.create(CreateSandboxFromSnapshotParams(name="first")).delete()
