"""Where a child's descriptors 0 to 2 lead: pipes, files, the null device, or this process's own."""

import os
import subprocess

from componentize_py_types import Err
from wit_world.imports import processes
from wit_world.imports.processes import OpenFlags

from . import errors, pipes


class Plumbing:
    """Collects a child's descriptors. On leaving the `with`, whatever was not handed over is given back."""

    def __init__(self) -> None:
        self._child: dict[int, processes.Descriptor] = {}
        self._parent: dict[int, pipes.Reader | pipes.Writer] = {}
        self.after_exit: list = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for descriptor in self._child.values():
            pipes.release(descriptor)
        self._child = {}
        for end in self._parent.values():
            end.close()
        self._parent = {}

    def descriptors(self) -> list:
        """What to hand to spawn."""
        return list(self._child.items())

    def take_parent_ends(self) -> dict:
        """This process's ends of the pipes, by the child's descriptor number."""
        ends, self._parent = self._parent, {}
        return ends

    def connect(self, stdin, stdout, stderr) -> None:
        """Fills the three slots from the arguments of `Popen`."""
        try:
            self._connect(0, stdin)
            self._connect(1, stdout)
            if stderr == subprocess.STDOUT:
                self._child[2] = self._child[1].dup() if 1 in self._child else processes.stdio(1)
            else:
                self._connect(2, stderr)
        except Err as refusal:
            raise errors.os_error(refusal.value) from None

    def _connect(self, number: int, target) -> None:
        if target is None:
            return
        if isinstance(target, int) and target == subprocess.PIPE:
            reader, writer = processes.pipe()
            if number == 0:
                self._child[0], self._parent[0] = reader, pipes.Writer(writer)
            else:
                self._child[number], self._parent[number] = writer, pipes.Reader(reader)
        elif isinstance(target, int) and target == subprocess.DEVNULL:
            self._child[number] = processes.null()
        elif isinstance(target, int) and target == subprocess.STDOUT:
            raise ValueError("STDOUT can only be used for stderr")
        else:
            self._child[number] = self._from_object(number, target)

    def _from_object(self, number: int, target) -> processes.Descriptor:
        raw = getattr(getattr(target, "buffer", target), "raw", target)
        if isinstance(raw, (pipes.Reader, pipes.Writer)):
            if raw.closed:
                raise ValueError("I/O operation on closed file")
            return raw.descriptor.dup()
        fileno = target if isinstance(target, int) else target.fileno()
        if fileno <= 2:
            return processes.stdio(fileno)
        name = None if isinstance(target, int) else getattr(raw, "name", None)
        if isinstance(name, (str, bytes)) and os.path.exists(name):
            path = os.path.abspath(os.fsdecode(name))
            if number == 0:
                return self._file_to_read(path, fileno)
            return self._file_to_write(path, fileno)
        if number == 0:
            return self._content_to_read(fileno)
        return self._content_to_write(fileno)

    def _file_to_read(self, path: str, fileno: int) -> processes.Descriptor:
        if os.lseek(fileno, 0, os.SEEK_CUR) != 0:
            return self._content_to_read(fileno)
        return processes.open(path, OpenFlags.READ)

    def _file_to_write(self, path: str, fileno: int) -> processes.Descriptor:
        # The child appends; afterwards this process goes on behind what it wrote, as with one shared offset.
        self.after_exit.append(lambda: _seek_to_end(fileno))
        return processes.open(path, OpenFlags.WRITE | OpenFlags.APPEND)

    def _content_to_read(self, fileno: int) -> processes.Descriptor:
        """A file without a usable name (or partly read): its rest goes to the child through a scratch file."""
        import tempfile

        path = tempfile.mktemp(prefix="stdin-")
        with open(path, "wb") as scratch:
            while chunk := os.read(fileno, pipes.READ_MOST):
                scratch.write(chunk)
        try:
            return processes.open(path, OpenFlags.READ)
        finally:
            self.after_exit.append(lambda: _remove(path))

    def _content_to_write(self, fileno: int) -> processes.Descriptor:
        """A file without a name: the child writes a scratch file, copied over when it has ended."""
        import tempfile

        path = tempfile.mktemp(prefix="stdout-")
        descriptor = processes.open(path, OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE)
        self.after_exit.append(lambda: _copy_back(path, fileno))
        return descriptor


def _seek_to_end(fileno: int) -> None:
    try:
        os.lseek(fileno, 0, os.SEEK_END)
    except OSError:
        pass  # closed meanwhile


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _copy_back(path: str, fileno: int) -> None:
    try:
        with open(path, "rb") as scratch:
            while chunk := scratch.read(pipes.READ_MOST):
                os.write(fileno, chunk)
    except OSError:
        pass  # closed meanwhile
    _remove(path)
