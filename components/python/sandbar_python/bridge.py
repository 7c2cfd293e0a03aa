"""What CPython lacks on WASI and the host provides: processes, users, permission bits. Installed before any run."""

import collections
import os
import shutil
import signal
import subprocess

from componentize_py_types import Err
from wit_world.imports import processes

from . import (
    absent, children, errors, files, interrupts, launcher, linux_errno, loops, mapped, refusals, sockets, terminal, tracebacks, users,
)  # fmt: skip

SHELL = "/usr/bin/sh"


def install() -> None:
    """Puts everything in its place in `os`, `subprocess` and `sys.modules`."""
    subprocess.Popen = children.Popen
    subprocess._can_fork_exec = True
    for function in (
        system, popen, kill, killpg, getpid, getppid, execv, execve, cpu_count, umask, statvfs,
        WIFEXITED, WEXITSTATUS, WIFSIGNALED, WTERMSIG, waitstatus_to_exitcode,
    ):  # fmt: skip
        setattr(os, function.__name__, function)
    for name, number in _SIGNALS.items():
        if not hasattr(signal, name):
            setattr(signal, name, number)
    os.process_cpu_count = cpu_count
    shutil.disk_usage = disk_usage
    os._exit = launcher.exit_at_once  # WASI's own knows success and failure only
    files.install()
    refusals.install()
    interrupts.install()
    tracebacks.install()
    users.install()
    linux_errno.install()
    loops.install()
    sockets.install()
    terminal.install()
    mapped.install()
    absent.install()


_SIGNALS = {"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGABRT": 6, "SIGKILL": 9, "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15}


def system(command) -> int:
    """Runs a command line in a shell and gives its wait status."""
    process = children.spawn(SHELL, ["sh", "-c", command], os.environ, None, [])
    try:
        status = process.wait()
    finally:
        process.__exit__(None, None, None)
    if isinstance(status, processes.ExitStatus_Exited):
        return status.value << 8
    return status.value


class _Pipe:
    """What `popen` gives: the stream, whose `close` also waits and gives the wait status (None for 0)."""

    def __init__(self, stream, process) -> None:
        self._stream = stream
        self._process = process

    def close(self):
        self._stream.close()
        code = self._process.wait()
        return None if code == 0 else (code << 8 if code > 0 else -code)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __iter__(self):
        return iter(self._stream)


def popen(cmd, mode="r", buffering=-1):
    """A command line in a shell, its output (or input) as a text stream."""
    if not isinstance(cmd, str):
        raise TypeError(f"invalid cmd type ({type(cmd)}, expected string)")
    if mode not in ("r", "w"):
        raise ValueError(f"invalid mode {mode!r}")
    if buffering == 0 or buffering is None:
        raise ValueError("popen() does not support unbuffered streams")
    if mode == "r":
        process = subprocess.Popen(cmd, shell=True, text=True, stdout=subprocess.PIPE, bufsize=buffering)
        return _Pipe(process.stdout, process)
    process = subprocess.Popen(cmd, shell=True, text=True, stdin=subprocess.PIPE, bufsize=buffering)
    return _Pipe(process.stdin, process)


def kill(pid, sig) -> None:
    """Signals a process (or, with a negative pid, a group) of this sandbox."""
    try:
        processes.kill(pid, int(sig))
    except Err as refusal:
        raise errors.os_error(refusal.value) from None
    interrupts.deliver()  # one for this program has its effect before this returns


def killpg(pgid, sig) -> None:
    """Signals a process group of this sandbox."""
    kill(-pgid, sig)


def getpid() -> int:
    """The pid within this sandbox."""
    return 1 if files.is_building() else processes.own_pid()


def getppid() -> int:
    """The pid of the process that started this one; 1 if that is none of the sandbox."""
    own = processes.own_pid()
    return next((info.parent for info in processes.processes() if info.pid == own), 1)


def execv(path, argv) -> None:
    """Ends this program in favour of another: runs it to its end and exits as it did."""
    execve(path, argv, os.environ)


def execve(path, argv, env) -> None:
    """As `execv`, with an environment."""
    process = children.spawn(path, list(argv), env, None, [], sigpipe=True)
    code = children.exit_number(interrupts.surrender(process))
    launcher.exit_at_once(code if code >= 0 else 128 - code)


def cpu_count() -> int:
    """Processors of the sandbox: programs that are started use them, one program uses one."""
    if files.is_building():
        return 1
    with open("/proc/cpuinfo") as stream:
        return max(1, sum(line.startswith("processor") for line in stream))


def statvfs(path):
    """The disk of the sandbox, whatever the path: there is one."""
    os.stat(path)
    numbers = {}
    with open("/proc/quota") as stream:
        for line in stream:
            name, limit, used = line.split()
            numbers[name] = int(limit), int(used)
    limit, used = numbers["bytes"]
    most, many = numbers["inodes"]
    free = max(0, limit - used) // _BLOCK
    left = max(0, most - many)
    return _Statvfs(_BLOCK, _BLOCK, limit // _BLOCK, free, free, most, left, left, 0, _LONGEST_NAME)


def disk_usage(path):
    """`shutil.disk_usage`, which the library makes only where the interpreter has `statvfs`."""
    found = statvfs(path)
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    return _Usage(total, total - free, free)


_BLOCK, _LONGEST_NAME = 4096, 255
_Usage = collections.namedtuple("usage", "total used free")
_Statvfs = collections.namedtuple(
    "statvfs_result", "f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree f_favail f_flag f_namemax"
)


def umask(mask) -> int:
    """The file layer's own mask, which cannot be changed."""
    return 0o022


def WIFEXITED(status) -> bool:
    """Whether a wait status is of a process that exited."""
    return status & 0x7F == 0


def WEXITSTATUS(status) -> int:
    """The exit code in a wait status."""
    return (status >> 8) & 0xFF


def WIFSIGNALED(status) -> bool:
    """Whether a wait status is of a process that a signal ended."""
    return status & 0x7F not in (0, 0x7F)


def WTERMSIG(status) -> int:
    """The signal in a wait status."""
    return status & 0x7F


def waitstatus_to_exitcode(status) -> int:
    """Exit code, or negative signal number."""
    if WIFEXITED(status):
        return WEXITSTATUS(status)
    if WIFSIGNALED(status):
        return -WTERMSIG(status)
    raise ValueError(f"invalid wait status: {status}")
