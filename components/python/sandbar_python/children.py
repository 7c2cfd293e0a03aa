"""`subprocess.Popen` over the process layer. The rest of `subprocess` is the stock module."""

import io
import os
import signal
import subprocess
import sys
import time

from componentize_py_types import Err
from wit_world.imports import monotonic_clock, poll, processes

from . import errors, interrupts, pipes
from .targets import Plumbing

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
_NANOSECONDS = 1_000_000_000


def spawn(program, arguments, environment, directory, descriptors, *, sigpipe=True, group=None):
    """Starts a program and gives its handle, or raises the OSError that fits."""
    directory = os.path.abspath(os.fsdecode(directory)) if directory is not None else os.getcwd()
    environment = {_text(name): _text(value) for name, value in environment.items()}
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()  # what was printed before comes before what the child prints
        except (AttributeError, OSError, ValueError):
            pass
    try:
        return processes.spawn(
            processes.SpawnArguments(
                program=_text(program),
                arguments=[_text(argument) for argument in arguments],
                environment=list(environment.items()),
                working_directory=directory,
                descriptors=descriptors,
                sigpipe=sigpipe,
                process_group=group,
                ignored=interrupts.ignored(),
            )
        )
    except Err as refusal:
        if refusal.value is processes.Errno.NOT_FOUND and not os.path.isdir(directory):
            raise errors.os_error(refusal.value, directory) from None
        raise errors.os_error(refusal.value, program) from None


def _text(value) -> str:
    """A string that is valid UTF-8: the process layer has no others."""
    text = os.fsdecode(value)
    if "\0" in text:
        raise ValueError("embedded null byte")
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def exit_number(status) -> int:
    """`returncode` as `subprocess` has it."""
    return status.value if isinstance(status, processes.ExitStatus_Exited) else -status.value


class Popen:
    """A child process. The same parameters, attributes and methods as `subprocess.Popen` on POSIX, except that
    `preexec_fn` is refused, and only descriptors 0 to 2 reach the child."""

    def __init__(
        self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, preexec_fn=None,
        close_fds=True, shell=False, cwd=None, env=None, universal_newlines=None, startupinfo=None,
        creationflags=0, restore_signals=True, start_new_session=False, pass_fds=(), *, user=None, group=None,
        extra_groups=None, encoding=None, errors=None, text=None, umask=-1, pipesize=-1, process_group=None,
    ):  # fmt: skip
        self.returncode = None
        self._process = None
        self._input = None
        self._input_sent = 0
        self._collected = None
        if preexec_fn is not None:
            raise ValueError("preexec_fn is not supported here: no code runs between fork and exec")
        if not isinstance(bufsize, int) and bufsize is not None:
            raise TypeError("bufsize must be an integer")
        if text is not None and universal_newlines is not None and bool(universal_newlines) != bool(text):
            raise subprocess.SubprocessError("Cannot disambiguate when both text and universal_newlines are supplied but different. Pass one or the other.")
        self.args = args
        self.encoding = encoding
        self.errors = errors
        self.text_mode = bool(encoding or errors or text or universal_newlines)
        self.pipesize = pipesize
        self.stdin = self.stdout = self.stderr = None

        arguments = self._arguments(args, shell)
        program = executable
        if shell:
            arguments = ["/bin/sh", "-c", *arguments]
            if executable is not None:
                arguments[0] = executable
        if program is None:
            program = "/usr/bin/sh" if shell else arguments[0]
        lead = 0 if start_new_session else process_group
        with Plumbing() as plumbing:
            plumbing.connect(stdin, stdout, stderr)
            self._process = spawn(
                program, arguments, os.environ if env is None else env, cwd, plumbing.descriptors(),
                sigpipe=restore_signals, group=lead,
            )  # fmt: skip
            self.pid = self._process.pid()
            ends = plumbing.take_parent_ends()
        self._after = plumbing.after_exit
        bufsize = -1 if bufsize is None else bufsize
        self.stdin = self._wrap(ends.get(0), bufsize, writing=True)
        self.stdout = self._wrap(ends.get(1), bufsize, writing=False)
        self.stderr = self._wrap(ends.get(2), bufsize, writing=False)

    def __class_getitem__(cls, item):
        return cls

    @staticmethod
    def _arguments(args, shell) -> list:
        if isinstance(args, (str, bytes, os.PathLike)):
            return [args]
        arguments = list(args)
        if not arguments:
            raise IndexError("list index out of range")
        for argument in arguments:
            if not isinstance(argument, (str, bytes, os.PathLike)):
                raise TypeError(f"expected str, bytes or os.PathLike object, not {type(argument).__name__}")
        return arguments

    def _wrap(self, raw, bufsize, *, writing):
        if raw is None:
            return None
        line_buffering = bufsize == 1 and self.text_mode
        if bufsize in (-1, 1):
            bufsize = io.DEFAULT_BUFFER_SIZE
        if bufsize == 0 and not self.text_mode:
            return raw
        size = max(bufsize, 1)
        buffered = io.BufferedWriter(raw, size) if writing else io.BufferedReader(raw, size)
        if not self.text_mode:
            return buffered
        encoding = self.encoding or "utf-8"
        return io.TextIOWrapper(buffered, encoding, self.errors, write_through=writing, line_buffering=line_buffering)

    def __repr__(self) -> str:
        text = f"<Popen: returncode: {self.returncode} args: {self.args!r}>"
        return text if len(text) <= 80 else text[:76] + "...>"

    @property
    def universal_newlines(self):
        return self.text_mode

    @universal_newlines.setter
    def universal_newlines(self, value):
        self.text_mode = bool(value)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()
        try:
            if self.stdin:
                self.stdin.close()
        finally:
            self.wait()

    def __del__(self):
        process, self._process = getattr(self, "_process", None), None
        try:
            pipes.release(process)
        except Exception:  # at the end of the interpreter anything may be gone
            pass

    # --- how it ends

    def _ended(self, status) -> int:
        self.returncode = exit_number(status)
        for action in self._after:
            action()
        self._after = ()
        return self.returncode

    def poll(self):
        if self.returncode is None:
            status = self._process.try_wait()
            if status is not None:
                self._ended(status)
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is not None:
            return self.returncode
        with self._process.subscribe() as ended:
            if not _wait_any([ended], None if timeout is None else time.monotonic() + timeout):
                raise subprocess.TimeoutExpired(self.args, timeout)
        return self._ended(self._process.wait())

    def send_signal(self, number):
        if self.poll() is None:
            try:
                self._process.kill(int(number))
            except Err as refusal:
                if refusal.value is not processes.Errno.NO_PROCESS:
                    raise errors.os_error(refusal.value) from None

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(9)

    # --- talking to it

    def communicate(self, input=None, timeout=None):
        if self._collected is not None and input:
            raise ValueError("Cannot send input after starting communication")
        if self._collected is None:
            self._start_communication(input)
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._pump(deadline):
            raise subprocess.TimeoutExpired(
                self.args, timeout, output=self._so_far(self.stdout), stderr=self._so_far(self.stderr)
            )
        try:
            self.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise subprocess.TimeoutExpired(
                self.args, timeout, output=self._so_far(self.stdout), stderr=self._so_far(self.stderr)
            ) from None
        return self._finish(self.stdout), self._finish(self.stderr)

    def _start_communication(self, input):
        self._collected = {}
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                self._collected[stream] = []
        if self.stdin is None:
            return
        try:
            self.stdin.flush()
        except BrokenPipeError:
            pass
        if not input:
            self._close_stdin()
            return
        if self.text_mode:
            if not isinstance(input, str):
                raise TypeError(f"write() argument must be str, not {type(input).__name__}")
            input = input.replace("\n", os.linesep).encode(self.encoding or "utf-8", self.errors or "strict")
        self._input = memoryview(input).cast("B")

    def _close_stdin(self):
        self._input = None
        try:
            self.stdin.close()
        except (BrokenPipeError, ValueError):
            pass

    def _pump(self, deadline) -> bool:
        """Moves data until every pipe is at its end (True) or the deadline has passed (False)."""
        while True:
            live = [stream for stream in self._collected if not stream.closed]
            sending = self._input is not None
            if not live and not sending:
                return True
            waiting = [_raw(stream).stream.subscribe() for stream in live]
            if sending:
                waiting.append(_raw(self.stdin).stream.subscribe())
            ready = _wait_any(waiting, deadline)
            for pollable in waiting:
                pipes.release(pollable)
            if not ready:
                return False
            for index in ready:
                if index < len(live):
                    self._receive(live[index])
                else:
                    self._send()

    def _receive(self, stream):
        data = _raw(stream).read_ready()
        if data is None:
            return
        if data:
            self._collected[stream].append(data)
        else:
            # What the user has already read into the buffer belongs before it.
            stream.close()

    def _send(self):
        try:
            self._input_sent += _raw(self.stdin).write_ready(self._input[self._input_sent :])
        except BrokenPipeError:
            self._close_stdin()
            return
        if self._input_sent >= len(self._input):
            self._close_stdin()

    def _so_far(self, stream):
        if stream is None:
            return None
        return b"".join(self._collected[stream]) or None

    def _finish(self, stream):
        if stream is None:
            return None
        data = b"".join(self._collected[stream])
        if not self.text_mode:
            return data
        text = data.decode(self.encoding or "utf-8", self.errors or "strict")
        return text.replace("\r\n", "\n").replace("\r", "\n")


def _raw(stream):
    """The raw end below the layers that `Popen` put on it."""
    stream = getattr(stream, "buffer", stream)
    return getattr(stream, "raw", stream)


def _wait_any(pollables, deadline):
    """Indices of what is ready; empty once `deadline` (monotonic seconds, or None) has passed."""
    while True:
        if deadline is None:
            ready = poll.poll(pollables)
        else:
            left = max(0, int((deadline - time.monotonic()) * _NANOSECONDS))
            with monotonic_clock.subscribe_duration(left) as timer:
                ready = poll.poll([*pollables, timer])
        if ready:
            return [index for index in ready if index < len(pollables)]
        interrupts.deliver()
