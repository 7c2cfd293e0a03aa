"""Declarative images: the Image class, files from this machine, logs, cached steps, errors that say what to do."""

import os
import pathlib
import tempfile
import time
import zipfile

from daytona import (
    CreateSandboxFromImageParams,
    CreateSandboxFromSnapshotParams,
    CreateSnapshotParams,
    Daytona,
    DaytonaError,
    Image,
    Resources,
)
from daytona._sync import object_storage

# This SDK uploads over HTTPS only, and the platform of this test has no certificate: that one check is taken out, nothing else.
STORE = object_storage.S3Store
object_storage.S3Store = lambda *arguments, client_options, **named: STORE(
    *arguments, client_options={**client_options, "allow_http": True}, **named
)

daytona = Daytona()
os.chdir(tempfile.mkdtemp())
pathlib.Path("my file.txt").write_text("from here\n")
pathlib.Path("src/inner").mkdir(parents=True)
pathlib.Path("src/main.py").write_text("print('main')\n")
# Large enough for an upload in several parts.
noise = os.urandom(7 << 20)
pathlib.Path("src/inner/noise").write_bytes(noise)

image = (
    Image.debian_slim("3.12")
    .env({"GREETING": "it's $HOME", "EMPTY": ""})
    .run_commands("echo made > /opt/made; echo to the log", ["sh", "-c", "echo list >> /opt/made"])
    .workdir("/srv/app")
    .add_local_file("my file.txt", "/srv/app/")
    .add_local_dir("src", "/srv/app/src")
    .run_commands("python3 src/main.py > ran.txt; wc -c < src/inner/noise >> ran.txt")
    .entrypoint(["/bin/sh", "-c", "pwd; echo $GREETING; echo starts >> /srv/app/starts; echo words >&2; exit 3", "it's"])
)

# A snapshot made of it, with its log.
logs = []
snapshot = daytona.snapshot.create(
    CreateSnapshotParams(name="built:1", image=image, resources=Resources(cpu=1, memory=1, disk=2)), on_logs=logs.append
)
text = "\n".join(logs)
assert snapshot.state == "active", (snapshot, text)
for part in (
    "python:3.12.10-slim-bookworm is a Linux image",
    "gfortran: left out",
    "the base's pip stays",
    "to the log",
    "taking the snapshot",
):
    assert part in text, (part, text)
assert snapshot.size and snapshot.size > 0.006, snapshot
assert "built:1" in [item.name for item in daytona.snapshot.list().items]

sandbox = daytona.create(CreateSandboxFromSnapshotParams(snapshot="built:1"))
run = lambda command: sandbox.process.exec(command).result
assert run("cat /opt/made") == "made\nlist\n", run("cat /opt/made")
assert run("cat '/srv/app/my file.txt'") == "from here\n"
assert run("cat /srv/app/ran.txt").split() == ["main", str(len(noise))], run("cat /srv/app/ran.txt")
assert sandbox.fs.download_file("/srv/app/src/inner/noise") == noise
assert run('printf %s "$GREETING"') == "it's $HOME", run("env")
assert run("ls -d /run/sandbar-build 2>&1") != "/run/sandbar-build\n", "what only the build needs stays behind"
assert "a Linux image" not in run("which apt-get; apt-get install x 2>&1")

# Commands start in the image's directory, and its entrypoint has run.
assert sandbox.get_work_dir() == "/srv/app" and run("pwd") == "/srv/app\n", (sandbox.get_work_dir(), run("pwd"))
assert sandbox.process.code_run("import os; print(os.getcwd())").result == "/srv/app\n"


def entrypoint(sandbox):
    """What the entrypoint has come to, when it has ended."""
    deadline = time.monotonic() + 20
    while (command := sandbox.process.get_entrypoint_session().commands[0]).exit_code is None:
        assert time.monotonic() < deadline, command
        time.sleep(0.05)
    return command.exit_code, sandbox.process.get_entrypoint_logs()


code, logs = entrypoint(sandbox)
assert (code, logs.stdout, logs.stderr) == (3, "/srv/app\nit's $HOME\n", "words\n"), (code, logs)
assert sandbox.process.list_sessions() == [], "the image's own session is nobody's"
# It runs again with each start; a directory that is gone keeps nobody from working.
sandbox.stop()
sandbox.start()
assert entrypoint(sandbox)[0] == 3
assert run("cat starts") == "starts\nstarts\n", run("cat starts")
run("rm -r /srv/app")
assert run("pwd; mkdir -p /srv/app") == "/home/daytona\n", run("pwd")
sandbox.delete()

# What is built on it begins as it does, unless it says otherwise.
daytona.snapshot.create(
    CreateSnapshotParams(
        name="built:2",
        image=Image.base("built:1").env({"MORE": "more"}).run_commands('echo "$GREETING" > inherited').cmd(["x"]),
    )
)
assert daytona.snapshot.get("built:2").entrypoint[-1] == "x"
sandbox = daytona.create(CreateSandboxFromSnapshotParams(snapshot="built:2", env_vars={"GREETING": "own"}))
assert run('echo "$GREETING $MORE"; cat /srv/app/inherited; pwd') == "own more\nit's $HOME\n/srv/app\n", run("env")
assert entrypoint(sandbox)[1].stdout == "/srv/app\nown\n"
sandbox.delete()

# The same again, straight into a sandbox: the steps are cached, the uploads are not sent again.
logs = []
sandbox = daytona.create(
    CreateSandboxFromImageParams(image=image.run_commands("echo more > /opt/more"), resources=Resources(cpu=1, memory=1, disk=2)),
    timeout=150,
    on_snapshot_create_logs=logs.append,
)
assert run("cat /opt/more /opt/made") == "more\nmade\nlist\n"
sandbox.delete()

# A name alone is an image too.
sandbox = daytona.create(CreateSandboxFromImageParams(image="sandbar-base:1"), timeout=150)
assert run("echo here") == "here\n"
sandbox.delete()


def refused(make, *parts):
    try:
        make()
    except DaytonaError as error:
        for part in parts:
            assert part in str(error), (part, error)
        return
    raise AssertionError(f"accepted, but {parts} was expected")


create = lambda name, image, **more: daytona.snapshot.create(CreateSnapshotParams(name=name, image=image), **more)
refused(lambda: create("ruby", Image.base("ruby:3.3")), "line 1", "ruby:3.3", "sandbar-base", "debian")
refused(lambda: create("stages", Image.base("debian:12").dockerfile_commands(["FROM debian:12"])), "line 2", "one stage")
logs = []
refused(
    lambda: create("failing", Image.base("debian:12").run_commands("echo before; exit 7"), on_logs=logs.append),
    "line 2",
    "exit code 7",
)
assert "before" in "\n".join(logs), logs
logs = []
refused(
    lambda: create("native", Image.base("debian:12").run_commands("apt-get install -y ffmpeg"), on_logs=logs.append),
    "exit code 100",
)
assert "ffmpeg: there is no such package" in "\n".join(logs), logs

# Text in the Dockerfile itself.
documents = Image.base("debian:12").dockerfile_commands(
    ["ENV NAME=it", "COPY --chmod=755 <<EOF /srv/own/hello", "#!/bin/sh", "echo hello '$NAME'", "EOF"]
    + ["RUN <<'EOF'", "#!/usr/bin/env python3", "import os", "open('/srv/by-python', 'w').write(os.environ['NAME'] + '\\n')", "EOF"]
    + ["RUN cat > /srv/input <<EOF && /srv/own/hello >> /srv/input", "line of $NAME", "EOF"]
)
sandbox = daytona.create(CreateSandboxFromImageParams(image=documents), timeout=150)
found = run("/srv/own/hello; cat /srv/by-python /srv/input")
assert found == "hello it\nit\nline of it\nhello it\n", found
sandbox.delete()

# pip, with a wheel from this machine rather than an index.
os.mkdir("wheels")
with zipfile.ZipFile("wheels/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "SIZE = 'tiny'\n")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\n")
logs = []
packaged = Image.base("python:3.14-slim").add_local_dir("wheels", "/srv/wheels")
packaged = packaged.pip_install("tiny>=1", find_links=["/srv/wheels"], extra_options="--no-index")
sandbox = daytona.create(CreateSandboxFromImageParams(image=packaged), timeout=150, on_snapshot_create_logs=logs.append)
assert sandbox.process.code_run("import tiny; print(tiny.SIZE)").result == "tiny\n", logs
assert "Successfully installed tiny-1.0" in "\n".join(logs), logs
sandbox.delete()

# Built ones can be bases, and go like others.
derived = create("derived:1", Image.base("built:1").run_commands("cat /opt/made > /opt/derived"))
assert derived.state == "active", derived
sandbox = daytona.create(CreateSandboxFromSnapshotParams(snapshot="derived:1"))
assert run("cat /opt/derived") == "made\nlist\n"
sandbox.delete()
for name in ("derived:1", "built:1"):
    daytona.snapshot.delete(daytona.snapshot.get(name))
