"""exec: a ten-line script with pipes and a loop, exit codes, directories, environment, time limits."""

from daytona import CreateSandboxFromSnapshotParams, Daytona

SCRIPT = """\
mkdir -p data && cd data
for n in 1 2 3 4 5; do
  printf 'line %d of %s\\n' "$n" "$TITLE" > "part-$n.txt"
done
cat part-*.txt | sort -r | head -n 3 > top.txt
total=$(cat part-*.txt | wc -l)
if [ "$total" -eq 5 ] && grep -q 'line 5' top.txt; then
  echo "total: $total"
fi
cat top.txt | tr a-z A-Z | sed 's/LINE/ROW/'
"""

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
try:
    answer = sandbox.process.exec(SCRIPT, env={"TITLE": "the book"})
    assert answer.exit_code == 0, answer
    assert answer.result == (
        "total: 5\nROW 5 OF THE BOOK\nROW 4 OF THE BOOK\nROW 3 OF THE BOOK\n"
    ), answer.result

    assert sandbox.process.exec("exit 42").exit_code == 42
    assert sandbox.process.exec("pwd", cwd="/tmp").result.strip() == "/tmp"
    assert sandbox.process.exec("pwd").result.strip() == sandbox.get_work_dir()
    assert sandbox.process.exec("echo out; echo err >&2").result == "out\nerr\n"
    missing = sandbox.process.exec("ls /nowhere")
    assert missing.exit_code != 0 and "nowhere" in missing.result, missing
    unknown = sandbox.process.exec("no-such-command")
    assert unknown.exit_code == 127, unknown
    heredoc = sandbox.process.exec("python3 - <<'PY'\nimport sys\nprint('py', sys.version_info[0])\nPY")
    assert heredoc.result == "py 3\n", heredoc
    assert sandbox.process.exec("yes | head -n 2 | wc -l").result.strip() == "2"
    assert sandbox.process.exec("sleep 0.1 && echo slept", timeout=10).result == "slept\n"
    # What SDKs before 0.167 sent: everything wrapped in base64 and a pipe into sh.
    assert sandbox.process.exec("echo 'ZWNobyBvbGQgY2xpZW50' | base64 -d | sh").result == "old client\n"

    try:
        sandbox.process.exec("sleep 30", timeout=1)
        raise AssertionError("the time limit did not hold")
    except Exception as error:
        assert "timeout" in str(error).lower(), error
    assert sandbox.process.exec("echo alive").result == "alive\n"
finally:
    sandbox.delete()
