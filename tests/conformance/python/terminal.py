"""A terminal: typing, size, exit codes, being lost and found."""

from daytona import CreateSandboxFromSnapshotParams, Daytona
from daytona.common.pty import PtySize

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))


def shows(handle, wanted):
    seen = ""
    for data in handle:
        seen += data.decode(errors="replace")
        if wanted in seen:
            return seen
    raise AssertionError(f"{wanted!r} does not come after {seen!r}")


try:
    process = sandbox.process
    handle = process.create_pty_session("t", cwd="/tmp", envs={"MINE": "yes"}, pty_size=PtySize(cols=100, rows=30))
    handle.wait_for_connection()
    handle.send_input("echo \"<$MINE $(pwd)>\"\n")
    shows(handle, "<yes /tmp>")
    handle.resize(PtySize(cols=120, rows=40))
    info = process.get_pty_session_info("t")
    assert (info.cols, info.rows, info.active, info.cwd) == (120, 40, True, "/tmp"), info
    handle.send_input("kept=value\n")
    handle.disconnect()

    again = process.connect_pty_session("t")
    again.wait_for_connection()
    again.send_input("echo \"<$kept>\"\n")
    shows(again, "<value>")
    again.send_input("exit 7\n")
    result = again.wait(timeout=30)
    assert result.exit_code == 7, result

    other = process.create_pty_session("u")
    other.wait_for_connection()
    assert "u" in [session.id for session in process.list_pty_sessions()]
    other.send_input("sleep 1000\n")
    process.kill_pty_session("u")
    assert other.wait(timeout=30).exit_code == 137
    assert "sleep" not in process.exec("ps").result
finally:
    sandbox.delete()
