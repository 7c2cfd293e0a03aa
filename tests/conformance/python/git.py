"""git: the SDK's methods and the command, against a real git server; native git checks what was written."""

import os
import tempfile
import time

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaError
from git_server import bare, git, serve

port = int(os.environ["GIT_SERVER_PORT"])
root = tempfile.TemporaryDirectory()
serve(root.name, port)
url = f"http://127.0.0.1:{port}"
daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))


def sh(command, code=0):
    done = sandbox.process.exec(command)
    assert done.exit_code == code, (command, done.exit_code, done.result)
    return done.result


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except DaytonaError as error:
        assert error.status_code == status, (error.status_code, error)
        return str(error)
    raise AssertionError(f"{call} was not refused")


try:
    # --- a repository of 2,000 files: cloned, changed, committed, pushed
    bare(root.name, "big.git", {f"dir{n % 40}/file{n}.txt": f"content of {n}\n" * 20 for n in range(2000)})
    since = time.monotonic()
    sandbox.git.clone(f"{url}/big.git", "big")
    print(f"clone of 2,000 files: {time.monotonic() - since:.3f} s")
    assert sh("cd big && git ls-files | wc -l && git status --porcelain") == "2000\n"
    sh("git config --global user.name Ann; git config --global user.email ann@example.com")
    sh("cd big && for i in 1 2 3; do echo more >> dir$i/file$i.txt; done && git commit -q -a -m three && git push")
    git(os.path.join(root.name, "big.git"), "fsck", "--strict")
    assert git(os.path.join(root.name, "big.git"), "log", "-1", "--format=%an %s", "main") == "Ann three"
    assert git(os.path.join(root.name, "big.git"), "diff", "--shortstat", "main~1", "main") == "3 files changed, 3 insertions(+)"

    # --- every method, with credentials for each call
    work = bare(root.name, "private/r.git", {"README.md": "hello\n", "src/lib.rs": "one\n"})
    private, user = f"{url}/private/r.git", {"username": "user", "password": "secret"}
    refused(401, sandbox.git.clone, private, "r")
    refused(401, sandbox.git.clone, private, "r", username="user", password="wrong")
    refused(403, sandbox.git.clone, private, "r", username="guest", password="guest")
    refused(404, sandbox.git.clone, f"{url}/none.git", "r")
    refused(404, sandbox.git.clone, private, "r", branch="none", **user)
    sandbox.git.clone(private, "r", **user)
    refused(409, sandbox.git.clone, private, "r", **user)
    assert "secret" not in sh("cat r/.git/config")
    status = sandbox.git.status("r")
    assert (status.current_branch, status.file_status, status.ahead, status.behind, status.branch_published) == (
        "main", [], 0, 0, True), status
    sandbox.fs.upload_file(b"new\n", "r/new.txt")
    sandbox.fs.upload_file(b"changed\n", "r/README.md")
    rows = [(f.name, str(f.staging.value), str(f.worktree.value)) for f in sandbox.git.status("r").file_status]
    assert rows == [("README.md", "Unmodified", "Modified"), ("new.txt", "Untracked", "Untracked")], rows
    sandbox.git.add("r", ["."])
    made = sandbox.git.commit("r", "second", "Bea", "bea@example.com")
    refused(400, sandbox.git.commit, "r", "nothing", "Bea", "bea@example.com")
    assert sandbox.git.status("r").ahead == 1
    refused(401, sandbox.git.push, "r")
    sandbox.git.push("r", **user)
    assert git(os.path.join(root.name, "private/r.git"), "rev-parse", "main") == made.sha
    git(os.path.join(root.name, "private/r.git"), "fsck", "--strict")
    sandbox.git.pull("r", **user)

    sandbox.git.create_branch("r", "topic")
    refused(409, sandbox.git.create_branch, "r", "topic")
    assert sandbox.git.branches("r").branches == ["main", "topic"]
    sandbox.git.checkout_branch("r", "topic")
    refused(404, sandbox.git.checkout_branch, "r", "none")
    sandbox.git.checkout_branch("r", f"{made.sha}~1")
    sandbox.fs.upload_file(b"in the way\n", "r/README.md")
    refused(409, sandbox.git.checkout_branch, "r", "main")
    sh("cd r && git restore README.md")
    sandbox.git.checkout_branch("r", "main")
    sandbox.git.delete_branch("r", "topic")
    refused(404, sandbox.git.delete_branch, "r", "topic")

    # --- the remote goes on: a push is refused until it is pulled, which merges
    git(work, "pull", "-q")
    with open(os.path.join(work, "theirs"), "w") as out:
        out.write("theirs")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "theirs")
    git(work, "push", "-q")
    sandbox.fs.upload_file(b"ours\n", "r/ours")
    sandbox.git.add("r", ["ours"])
    sandbox.git.commit("r", "ours", "Bea", "bea@example.com")
    refused(409, sandbox.git.push, "r", **user)
    sandbox.git.pull("r", **user)
    sandbox.git.push("r", **user)
    assert sh("cd r && git log -1 --format=%P | wc -w; cat theirs") == "2\ntheirs"

    # --- both sides change one line: markers in the file, and a 409
    for text, where in (("native\n", "there"), ("guest\n", "here")):
        if where == "there":
            git(work, "pull", "-q")
            with open(os.path.join(work, "README.md"), "w") as out:
                out.write(text)
            git(work, "commit", "-q", "-a", "-m", "there")
            git(work, "push", "-q")
        else:
            sandbox.fs.upload_file(text.encode(), "r/README.md")
            sandbox.git.add("r", ["README.md"])
            sandbox.git.commit("r", "here", "Bea", "bea@example.com")
    refused(409, sandbox.git.pull, "r", **user)
    assert "<<<<<<< HEAD\nguest\n=======\nnative\n>>>>>>> " in sh("cat r/README.md")
    assert sh("cd r && git status --short") == "UU README.md\n"
    sh("cd r && echo both > README.md && git add README.md && git commit -q -m both")

    # --- shallow copies, redirections, the commit asked for, stored credentials
    sh(f"git clone -q --depth 1 {url}/moved/big.git one && cd one && [ $(git log --oneline | wc -l) = 1 ]")
    first = git(os.path.join(root.name, "big.git"), "rev-parse", "main~1")
    sandbox.git.clone(f"{url}/big.git", "at", commit_id=first)
    assert sh("cd at && git rev-parse HEAD && git rev-parse --abbrev-ref HEAD") == f"{first}\nHEAD\n"
    for name, arguments in (
        ("dangerously_authenticate", {"username": "user", "password": "secret", "host": f"127.0.0.1:{port}", "protocol": "http"}),
    ):
        getattr(sandbox.git, name)(**arguments)
    sh(f"git clone -q {private} again")
    assert sh("stat -c %a ~/.git-credentials") == "600\n"

    # --- [new] methods
    sandbox.git.init("fresh", initial_branch="trunk")
    assert sandbox.git.status("fresh").current_branch == "trunk"
    sh(f"cd fresh && git remote add up {url}/big.git")
    refused(404, sandbox.git.status, "/tmp")

    # --- trees that no git would make: nothing is written outside of the work tree
    path = os.path.join(root.name, "big-hostile")
    os.makedirs(path)
    git(path, "init", "-q", "-b", "main")
    blob = git(path, "hash-object", "-w", "--stdin", input=b"x")
    link = git(path, "hash-object", "-w", "--stdin", input=b"/tmp")

    def tree(*rows):
        data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(id) for mode, id, name in rows)
        return git(path, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", input=data)

    inner = tree(("100644", blob, "escaped"))
    hostile = {
        "up": tree(("40000", inner, "..")), "dotgit": tree(("40000", inner, ".git")), "case": tree(("40000", inner, ".GIT")),
        "slash": tree(("100644", blob, "../escaped")), "link": tree(("120000", link, "a"), ("40000", inner, "a")),
    }
    for name, made in hostile.items():
        git(path, "update-ref", f"refs/heads/{name}", git(path, "commit-tree", "-m", "x", made))
        refused(500, sandbox.git.clone, f"{url}/big-hostile/.git", f"h/{name}", branch=name)
    assert sh("find / -name escaped 2>/dev/null || true") == ""
    assert sh("ls h") == ""
    # Settings, filters and hooks of a repository start no program.
    sh("git init -q t && cd t && git config core.fsmonitor 'touch /tmp/owned' && git config filter.x.clean 'touch /tmp/owned'"
       " && printf '#!/bin/sh\\ntouch /tmp/owned\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit"
       " && echo '* filter=x' > .gitattributes && git add . && git commit -q -m x && git status && ! [ -e /tmp/owned ]")
finally:
    daytona.delete(sandbox)
print("ok")
