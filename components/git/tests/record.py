"""Records what the machine's own git prints and returns for each case of cases/*.txt.

A case is `### name`, a script, `--- code`, and what it printed on standard output. Each runs in an empty directory, by
bash, with a fixed person and moment; the directory is written WORK. Run it again after adding a case (`--- ?`); an
existing record that changes is a finding, not a nuisance.
"""

import os
import pathlib
import re
import subprocess
import tempfile

ENVIRONMENT = {
    "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_AUTHOR_DATE": "1700000000 +0100",
    "GIT_COMMITTER_NAME": "Bea", "GIT_COMMITTER_EMAIL": "bea@example.com", "GIT_COMMITTER_DATE": "1700000000 +0100",
}


def record(script):
    with tempfile.TemporaryDirectory() as home:
        work = os.path.join(os.path.realpath(home), "w")
        os.mkdir(work)
        done = subprocess.run(
            ["bash", "-c", script], cwd=work, env={**ENVIRONMENT, "HOME": os.path.dirname(work)}, timeout=20,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        output = done.stdout.decode().replace(work, "WORK")
        return f"--- {done.returncode}\n{output}{'' if output.endswith(chr(10)) or not output else chr(10)}"


for path in sorted(pathlib.Path(__file__).parent.glob("cases/*.txt")):
    head, *cases = re.split(r"^### ", path.read_text(), flags=re.M)
    text = head
    for case in cases:
        name, rest = case.split("\n", 1)
        script = re.split(r"^--- ", rest, flags=re.M)[0]
        text += f"### {name}\n{script}{record(script)}"
    path.write_text(text)
