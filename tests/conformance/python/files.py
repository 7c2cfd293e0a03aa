"""Files both ways, 5 MiB of random bytes among them."""

import os
import tempfile

from daytona import CreateSandboxFromSnapshotParams, Daytona, FileDownloadRequest, FileUpload

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
try:
    home = sandbox.get_user_home_dir()
    assert home == "/home/daytona", home

    blob = os.urandom(5 * 1024 * 1024)
    sandbox.fs.upload_file(blob, "blob.bin")
    assert sandbox.fs.download_file("blob.bin") == blob
    assert sandbox.fs.download_file(f"{home}/blob.bin") == blob
    assert sandbox.process.exec("wc -c < blob.bin").result.strip() == str(len(blob))

    with tempfile.NamedTemporaryFile() as local:
        local.write(b"from disk")
        local.flush()
        sandbox.fs.upload_files([
            FileUpload(source=b"first", destination="many/a.txt"),
            FileUpload(source=local.name, destination="many/deep/b.txt"),
        ])
    results = sandbox.fs.download_files([
        FileDownloadRequest(source="many/a.txt"),
        FileDownloadRequest(source="many/deep/b.txt"),
        FileDownloadRequest(source="many/none.txt"),
    ])
    assert results[0].result == b"first" and results[1].result == b"from disk", results
    assert results[2].error, results

    sandbox.fs.create_folder("dir/inner", "755")
    names = {entry.name for entry in sandbox.fs.list_files(home)}
    assert {"blob.bin", "many", "dir"} <= names, names
    info = sandbox.fs.get_file_info("many/a.txt")
    assert info.size == 5 and not info.is_dir and info.mode.startswith("-rw"), info
    assert sandbox.fs.get_file_info("dir").is_dir
    sandbox.fs.move_files("many/a.txt", "dir/inner/moved.txt")
    assert sandbox.process.exec("cat dir/inner/moved.txt").result == "first"
    sandbox.fs.delete_file("dir/inner/moved.txt")
    try:
        sandbox.fs.download_file("dir/inner/moved.txt")
        raise AssertionError("a deleted file came back")
    except Exception as error:
        assert "not found" in str(error).lower() or "no such" in str(error).lower(), error

    sandbox.process.exec("echo made inside > inside.txt")
    assert sandbox.fs.download_file("inside.txt") == b"made inside\n"
finally:
    sandbox.delete()
