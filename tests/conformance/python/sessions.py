"""Sessions: a shell that remembers, asynchronous commands, logs as they come, input."""

import asyncio
import time

from daytona import CreateSandboxFromSnapshotParams, Daytona, SessionExecuteRequest

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
try:
    process = sandbox.process
    process.create_session("s")
    first = process.execute_session_command("s", SessionExecuteRequest(command="cd /tmp && export WHAT='a b' && echo out; echo err >&2"))
    assert (first.exit_code, first.stdout, first.stderr) == (0, "out\n", "err\n"), first
    second = process.execute_session_command("s", SessionExecuteRequest(command="pwd; echo $WHAT; exit_with() { return 3; }; exit_with"))
    assert (second.exit_code, second.stdout) == (3, "/tmp\na b\n"), second
    assert process.get_session("s").commands[1].exit_code == 3
    assert [session.session_id for session in process.list_sessions()] == ["s"]

    started = process.execute_session_command(
        "s", SessionExecuteRequest(command="for i in 1 2 3; do echo out-$i; echo err-$i >&2; sleep 0.1; done", run_async=True)
    )
    out, err = [], []
    asyncio.run(process.get_session_command_logs_async("s", started.cmd_id, out.append, err.append))
    assert "".join(out) == "out-1\nout-2\nout-3\n", out
    assert "".join(err) == "err-1\nerr-2\nerr-3\n", err
    assert process.get_session_command("s", started.cmd_id).exit_code == 0

    asking = process.execute_session_command(
        "s", SessionExecuteRequest(command="read name; echo hello $name", run_async=True, suppress_input_echo=True)
    )
    process.send_session_command_input("s", asking.cmd_id, "bob")
    for _ in range(200):
        if process.get_session_command("s", asking.cmd_id).exit_code is not None:
            break
        time.sleep(0.05)
    logs = process.get_session_command_logs("s", asking.cmd_id)
    assert logs.stdout == "hello bob\n", logs

    process.execute_session_command("s", SessionExecuteRequest(command="sleep 1000", run_async=True))
    begun = time.monotonic()
    process.delete_session("s")
    assert time.monotonic() - begun < 10
    assert "sleep" not in process.exec("ps").result
finally:
    sandbox.delete()
