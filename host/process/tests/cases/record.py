#!/usr/bin/env python3
"""Records what this machine's own programs (GNU grep, find, sed, coreutils, gawk, jq, tar, CPython) print for each case.

Rewrites the expected part of every case of the files named as arguments (tools.txt and python.txt by default). awk must
be gawk. Each script runs with bash as sh in an empty
directory, with nothing on standard input and a small environment; only its standard output counts. An existing record
that changes is a finding, not a nuisance.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
CASE, EXPECTED = "### ", "---\n"


def record(script):
    with tempfile.TemporaryDirectory() as top:
        top = pathlib.Path(top)
        (top / "bin").mkdir()
        (top / "bin/sh").symlink_to(shutil.which("bash"))
        (top / "bin/python3").symlink_to(shutil.which("python3"))
        (top / "work").mkdir()
        (top / "case.sh").write_text(script)
        environment = {"PATH": f"{top}/bin:{os.environ['PATH']}", "HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        ran = subprocess.run(
            ["sh", top / "case.sh"], cwd=top / "work", env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", timeout=20,
        )
        return ran.stdout


for name in sys.argv[1:] or ["tools.txt", "python.txt"]:
    head, *cases = (HERE / name).read_text().split("\n" + CASE)
    recorded = [head]
    for case in cases:
        title, rest = case.split("\n", 1)
        script = (rest + "\n").split("\n" + EXPECTED, 1)[0] + "\n"
        recorded.append(f"{title}\n{script}{EXPECTED}{record(script).rstrip(chr(10))}")
    (HERE / name).write_text(("\n" + CASE).join(recorded) + "\n")
