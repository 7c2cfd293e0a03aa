"""Every method of `sandbox.fs`: lists by depth, permissions, find, search, replace, streams with progress and cancelling."""

import io
import os
import tempfile
import threading

from daytona import CreateSandboxFromSnapshotParams, Daytona, DaytonaNotFoundError, FileDownloadRequest, FileUpload
import daytona as package

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
fs = sandbox.fs


def expect(kind, act):
    try:
        act()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind}")


try:
    # Folders and lists.
    fs.create_folder("tree/a/b", "750")
    fs.create_folder("tree/a/b", "750")
    fs.upload_file(b"one\ntwo needle\n", "tree/a/first.txt")
    fs.upload_file(b"needle (not a pattern.*)\nnothing\n", "tree/a/b/second.txt")
    fs.upload_file(b"\x00\x01needle\x00", "tree/a/b/binary.bin")
    assert [entry.name for entry in fs.list_files("tree")] == ["a"]
    deep = {entry.path for entry in fs.list_files("tree", depth=3)}
    home = sandbox.get_user_home_dir()
    wanted = {f"{home}/tree/a", f"{home}/tree/a/first.txt", f"{home}/tree/a/b", f"{home}/tree/a/b/second.txt"}
    assert wanted <= deep, deep
    info = fs.get_file_info("tree/a/b")
    assert info.is_dir and info.permissions == "0750" and info.mode == "drwxr-x---", info
    assert info.mod_time and info.owner and info.group, info
    expect(DaytonaNotFoundError, lambda: fs.get_file_info("tree/none"))
    expect(DaytonaNotFoundError, lambda: fs.list_files("tree/none"))

    # Permissions, seen by the programs inside as well.
    fs.upload_file(b"#!/bin/sh\necho ran\n", "tree/run.sh")
    assert sandbox.process.exec("./tree/run.sh").exit_code == 126
    fs.set_file_permissions("tree/run.sh", mode="755", owner="daytona", group="daytona")
    assert fs.get_file_info("tree/run.sh").permissions == "0755"
    assert sandbox.process.exec("./tree/run.sh").result == "ran\n"
    assert sandbox.process.exec("stat -c %a tree/run.sh").result == "755\n"

    # Text in files is a plain substring, names are globs.
    matches = [(match.file, match.line, match.content) for match in fs.find_files("tree", "needle")]
    assert sorted(matches) == [
        (f"{home}/tree/a/b/second.txt", 1, "needle (not a pattern.*)"),
        (f"{home}/tree/a/first.txt", 2, "two needle"),
    ], matches
    assert len(fs.find_files("tree", "pattern.*)")) == 1
    assert fs.find_files("tree/a/first.txt", "two")[0].line == 2
    assert sorted(fs.search_files("tree", "*.txt").files) == [f"{home}/tree/a/b/second.txt", f"{home}/tree/a/first.txt"]
    replaced = fs.replace_in_files(["tree/a/first.txt", "tree/none.txt"], "needle", "thread")
    assert [result.success for result in replaced] == [True, False] and replaced[1].error, replaced
    assert fs.download_file("tree/a/first.txt") == b"one\ntwo thread\n"

    # Moves refuse to overwrite and need their directory.
    fs.move_files("tree/a/first.txt", "tree/moved.txt")
    expect(package.DaytonaConflictError, lambda: fs.move_files("tree/moved.txt", "tree/run.sh"))
    expect(DaytonaNotFoundError, lambda: fs.move_files("tree/none", "tree/other"))
    expect(DaytonaNotFoundError, lambda: fs.move_files("tree/moved.txt", "nowhere/at/all"))

    # Streams, from memory, a path, and something to read from; progress counts to the end.
    blob = os.urandom((3 << 20) + 17)
    sent = []
    fs.upload_file_stream(blob, "stream.bin", on_progress=lambda progress: sent.append(progress.bytes_sent))
    assert sent == sorted(sent) and sent[-1] == len(blob), sent[-3:]
    got, pieces = [], []
    for chunk in fs.download_file_stream("stream.bin", on_progress=got.append):
        pieces.append(chunk)
    assert b"".join(pieces) == blob
    assert got[-1].bytes_received == len(blob) and {one.total_bytes for one in got} == {len(blob)}, got[-1]
    fs.upload_file_stream(io.BytesIO(blob[:1000]), "reader.bin")
    assert fs.get_file_info("reader.bin").size == 1000
    fs.upload_file(b"", "empty")
    assert fs.download_file("empty") == b"" and fs.get_file_info("empty").size == 0
    expect(DaytonaNotFoundError, lambda: b"".join(fs.download_file_stream("none.bin")))
    cancel = threading.Event()

    def read_until_cancelled():
        for _ in fs.download_file_stream("stream.bin", cancel_event=cancel):
            cancel.set()

    expect(package.DaytonaError, read_until_cancelled)

    # Many at once, in memory and on disk, with names that need care.
    with tempfile.TemporaryDirectory() as local:
        source = os.path.join(local, "from disk")
        with open(source, "wb") as file:
            file.write(blob)
        names = ["plain", "with space", "ümläut-日本", "quote\"d", "percent%20", "semi;colon"]
        fs.upload_files([FileUpload(source=name.encode(), destination=f"many/{name}") for name in names])
        fs.upload_files([FileUpload(source=source, destination="many/large")])
        there = fs.download_files(
            [FileDownloadRequest(source=f"many/{name}") for name in names]
            + [FileDownloadRequest(source="many/large", destination=os.path.join(local, "back"))]
            + [FileDownloadRequest(source="many/missing")]
        )
        for name, one in zip(names, there):
            assert one.result == name.encode() and not one.error, (name, one)
        assert not there[-2].error and open(os.path.join(local, "back"), "rb").read() == blob
        assert there[-1].error and there[-1].result is None, there[-1]
        fs.upload_file(source, "one.bin")
        fs.download_file("one.bin", os.path.join(local, "one"))
        assert open(os.path.join(local, "one"), "rb").read() == blob

    # Removal asks before it takes a tree.
    expect(package.DaytonaError, lambda: fs.delete_file("many"))
    fs.delete_file("many", recursive=True)
    expect(DaytonaNotFoundError, lambda: fs.delete_file("many", recursive=True))
finally:
    sandbox.delete()
