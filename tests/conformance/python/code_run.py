"""code_run: value, traceback with a non-zero exit, environment, arguments."""

from daytona import CodeRunParams, CreateSandboxFromSnapshotParams, Daytona

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us", language="python", env_vars={"COLOUR": "blue"}))
try:
    answer = sandbox.process.code_run("print(sum(n * n for n in range(10)))")
    assert answer.exit_code == 0, answer
    assert answer.result == "285\n", answer

    answer = sandbox.process.code_run("def deep(n):\n    return 1 // n\n\ndeep(0)\n")
    assert answer.exit_code == 1, answer
    assert "Traceback (most recent call last):" in answer.result, answer.result
    assert "ZeroDivisionError" in answer.result, answer.result
    assert "deep" in answer.result, answer.result

    answer = sandbox.process.code_run(
        "import os, sys\nprint(os.environ['COLOUR'], os.environ['SIZE'], sys.argv[1:])",
        params=CodeRunParams(argv=["one", "two words"], env={"SIZE": "large"}),
    )
    assert answer.exit_code == 0, answer
    assert answer.result == "blue large ['one', 'two words']\n", answer

    answer = sandbox.process.code_run("import sys\nsys.exit(7)")
    assert answer.exit_code == 7, answer

    answer = sandbox.process.code_run(
        "import json, re, hashlib, sqlite3, decimal, datetime, random, itertools, subprocess\n"
        "db = sqlite3.connect(':memory:')\n"
        "print(db.execute('select 6 * 7').fetchone()[0])\n"
        "print(hashlib.sha256(b'sandbar').hexdigest()[:8])\n"
        "print(subprocess.run(['echo', 'from a child'], capture_output=True, text=True).stdout, end='')\n"
    )
    assert answer.exit_code == 0, answer
    lines = answer.result.splitlines()
    assert lines[0] == "42" and lines[2] == "from a child", lines
finally:
    sandbox.delete()
