"""The code interpreter: contexts, streams, errors by name, time limits."""

from daytona import CreateSandboxFromSnapshotParams, Daytona
import daytona as package

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
try:
    interpreter = sandbox.code_interpreter
    pieces = []
    interpreter.run_code("x = 20\nprint('one')\nprint('two')", on_stdout=lambda message: pieces.append(message.output))
    assert "".join(pieces) == "one\ntwo\n", pieces
    answer = interpreter.run_code("import os, sys\nprint(x * 2 + 2, os.environ['E'])\nprint('e', file=sys.stderr)", envs={"E": "v"})
    assert (answer.stdout, answer.stderr, answer.error) == ("42 v\n", "e\n", None), answer
    answer = interpreter.run_code("def deep():\n    raise KeyError('k')\n\ndeep()")
    assert answer.error.name == "KeyError" and "deep" in answer.error.traceback, answer

    context = interpreter.create_context(cwd="/tmp")
    answer = interpreter.run_code("import os\nprint('x' in globals(), os.getcwd())", context=context)
    assert answer.stdout == "False /tmp\n", answer
    assert [one.id for one in interpreter.list_contexts()] == [context.id]
    interpreter.delete_context(context)
    assert interpreter.list_contexts() == []

    try:
        interpreter.run_code("while True: pass", timeout=1)
        raise AssertionError("no timeout")
    except package.DaytonaTimeoutError:
        pass
    assert interpreter.run_code("print('alive')").stdout == "alive\n"
finally:
    sandbox.delete()
