"""Settings of a sandbox while it lives: environment, labels, intervals, public, resize, fork, ephemeral, information."""

import time

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaNotFoundError, Resources
import daytona as package

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(
    target="us", env_vars={"FIRST": "1"}, labels={"a": "b"}, auto_stop_interval=7, auto_delete_interval=99, public=True,
))


def expect(kind, act):
    try:
        act()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind}")


try:
    assert sandbox.auto_stop_interval == 7 and sandbox.auto_delete_interval == 99 and sandbox.public, sandbox
    assert sandbox.get_user_home_dir() == "/home/daytona" == sandbox.get_work_dir()
    metrics = sandbox.get_metrics_latest()
    assert metrics is not None, metrics

    sandbox.update_env({"SECOND": "two words", "FIRST": "9"})
    assert sandbox.process.exec("echo $FIRST $SECOND").result == "9 two words\n"
    assert sandbox.process.code_run("import os; print(os.environ['SECOND'])").result == "two words\n"
    sandbox.update_env({}, unset=["SECOND"])
    assert sandbox.process.exec("echo [${SECOND-unset}]").result == "[unset]\n"

    assert sandbox.set_labels({"x": "y"}) == {"x": "y"}
    sandbox.set_autostop_interval(0)
    sandbox.set_auto_archive_interval(60)
    sandbox.set_auto_delete_interval(-1)
    sandbox.set_public(False)
    now = daytona.get(sandbox.id)
    assert (now.auto_stop_interval, now.auto_delete_interval, now.public, now.labels) == (0, -1, False, {"x": "y"}), now
    expect(package.DaytonaError, lambda: sandbox.set_autostop_interval(-5))
    sandbox.refresh_activity()
    before = now.updated_at
    sandbox.refresh_data()
    assert before and sandbox.state == "started", sandbox

    # A copy has the files as they were, and then each goes its own way.
    sandbox.process.exec("mkdir -p d; for i in 1 2 3 4 5 6 7 8 9; do echo $i > d/$i; done; ln -s d/1 link; chmod 700 d/2")
    copy = sandbox.fork(name="copy")
    try:
        assert copy.state == "started" and copy.name == "copy" and copy.id != sandbox.id, copy
        assert copy.process.exec("cat d/9 link; stat -c %a d/2").result == "9\n1\n700\n"
        copy.process.exec("echo changed > d/9; rm d/3")
        assert sandbox.process.exec("cat d/9 d/3").result == "9\n3\n"
        sandbox.process.exec("echo parent > d/9")
        assert copy.process.exec("cat d/9; ls d | wc -l").result.split() == ["changed", "8"]
        sandbox.stop()
        second = sandbox.fork()
        second.wait_for_sandbox_start() if second.state != "started" else None
        assert second.process.exec("cat d/9").result == "parent\n"
        second.delete()
        sandbox.start()
    finally:
        copy.delete()
    assert sandbox.process.exec("cat d/9").result == "parent\n"

    # More processors and memory while it runs; disk only while it is stopped; never less while it runs.
    cpu, memory, disk = sandbox.cpu, sandbox.memory, sandbox.disk
    sandbox.resize(Resources(cpu=cpu + 1, memory=memory + 1))
    assert (sandbox.cpu, sandbox.memory) == (cpu + 1, memory + 1), sandbox
    expect(package.DaytonaError, lambda: sandbox.resize(Resources(cpu=cpu)))
    expect(package.DaytonaError, lambda: sandbox.resize(Resources(disk=disk + 1)))
    assert sandbox.process.exec("cat d/1").result == "1\n"
    sandbox.stop()
    sandbox.resize(Resources(disk=disk + 1))
    sandbox.start()
    assert sandbox.disk == disk + 1 and sandbox.process.exec("cat d/1").result == "1\n"
    total = int(sandbox.process.exec("df -k / | tail -n 1").result.split()[1])
    assert abs(total - (disk + 1) * 1024 * 1024) < 1024, total

    # What there is not is said, not pretended.
    text = expect(package.DaytonaError, lambda: sandbox.computer_use.start())
    assert "not supported" in text.lower() or "no desktop" in text.lower() or "desktop" in text.lower(), text

    # An ephemeral one is gone once it is stopped.
    brief = daytona.create(CreateSandboxFromSnapshotParams(target="us", ephemeral=True))
    brief.stop()
    for _ in range(100):
        try:
            daytona.get(brief.id)
        except DaytonaNotFoundError:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("an ephemeral sandbox outlives its stop")
finally:
    sandbox.delete()
