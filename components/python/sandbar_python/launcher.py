"""One run of the interpreter, from its command line to its exit code."""

import builtins
import gc
import importlib.machinery
import io
import linecache
import os
import stat
import sys
import textwrap
import traceback
import types
import warnings

from wit_world.imports import exit as wasi_exit

from . import endings, environment, interrupts, layout, linux_errno, options, streams, terminal

FLUSH_FAILED = 120
"""Exit code of CPython when standard output cannot be flushed at the end."""
FINISHED_WITH_ERROR = 1
INTERRUPTED = 130

_interrupted = False
USAGE_ERROR = 2
FIRST_FREE_DESCRIPTOR = 3
DESCRIPTORS_PROBED = 8
"""Descriptors are given out from the lowest free one, so a file that is still open is nearly always among these."""


def main() -> None:
    """Runs and exits; never returns."""
    arguments = environment.refresh()
    interrupts.begin()
    code = run(arguments)
    if _interrupted:
        interrupts.die_interrupted()
    exit_at_once(code)


def exit_at_once(status: int) -> None:
    """Ends the process with the low eight bits of a code, without any clean-up."""
    wasi_exit.exit_with_code(status & 0xFF)


def run(arguments: list[str]) -> int:
    """A run up to its end, given its whole command line; the exit code."""
    try:
        parsed = options.parse(arguments[1:])
    except options.UsageError as error:
        streams.install(unbuffered=False, encoding=None)
        sys.stderr.write(str(error))
        return USAGE_ERROR
    use_environment = not parsed.ignores_environment
    get = os.environ.get if use_environment else (lambda name, default=None: default)
    streams.install(bool(parsed["u"] or get("PYTHONUNBUFFERED")), get("PYTHONIOENCODING"))
    if parsed["V"]:
        sys.stdout.write(f"Python {sys.version if parsed['V'] > 1 else sys.version.split()[0]}\n")
        return _finish(0)
    if parsed["h"] or parsed["?"]:
        sys.stdout.write(options.HELP)
        return _finish(0)
    _configure(parsed, arguments, get)
    return _finish(_execute(parsed))


def _configure(parsed: options.Options, arguments: list[str], get) -> None:
    """Everything of `sys` that depends on the command line and the environment."""
    sys.orig_argv = list(arguments)
    layout.locate(arguments[0] if arguments else options.PROGRAM, options.PROGRAM)
    sys.dont_write_bytecode = bool(parsed["B"] or get("PYTHONDONTWRITEBYTECODE"))
    if parsed.flags:
        sys.flags = _flags(parsed)
    sys._xoptions = dict(option.partition("=")[::2] for option in parsed.implementation)
    sys._xoptions = {name: value or True for name, value in sys._xoptions.items()}
    sys.warnoptions = [word for word in (get("PYTHONWARNINGS") or "").split(",") if word] + parsed.warnings
    if sys.warnoptions:
        warnings._processoptions(sys.warnoptions)
    environment.set_paths(
        first=None,
        site=not parsed["S"],
        user_site=not (parsed["s"] or parsed["I"] or get("PYTHONNOUSERSITE")),
        use_environment=not parsed.ignores_environment,
    )


def _flags(parsed: options.Options):
    """A look-alike of `sys.flags`, whose own type cannot be made anew."""
    from collections import namedtuple

    letters = {
        "inspect": "i", "interactive": "i", "optimize": "O", "dont_write_bytecode": "B", "no_user_site": "s",
        "no_site": "S", "ignore_environment": "E", "verbose": "v", "bytes_warning": "b", "quiet": "q",
        "isolated": "I", "safe_path": "P",
    }  # fmt: skip
    names = [name for name in dir(sys.flags) if not name.startswith(("_", "n_")) and name not in ("count", "index")]
    values = {name: getattr(sys.flags, name) for name in names}
    for name, letter in letters.items():
        if parsed[letter] and name in values:
            values[name] = True if name == "safe_path" else parsed[letter]
    if parsed["I"]:
        values.update(ignore_environment=1, no_user_site=1, safe_path=True)
    kind = namedtuple("flags", names)
    kind.__qualname__ = kind.__name__ = "sys.flags"
    return kind(**values)


def _new_main() -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    return module


def _execute(parsed: options.Options) -> int:
    main_module = _new_main()
    safe = bool(parsed["P"] or parsed["I"])
    level = min(parsed["O"], 2)
    interactive = bool(parsed["i"])
    if parsed.command is not None:
        sys.argv = ["-c", *parsed.arguments]
        code = _guard(lambda: _run_command(main_module, parsed.command, safe, level))
    elif parsed.module is not None:
        sys.argv = ["-m", *parsed.arguments]
        code = _guard(lambda: _run_module(parsed.module, safe))
    elif parsed.script not in (None, "-"):
        sys.argv = [parsed.script, *parsed.arguments]
        code = _run_script(main_module, parsed, safe, level)
    else:
        sys.argv = [parsed.script or "", *parsed.arguments]
        if not safe:
            sys.path.insert(0, "")
        if interactive or sys.stdin.isatty():
            return _interact(main_module, quiet=bool(parsed["q"]))
        code = _guard(lambda: _run_stdin(main_module, level))
    if interactive:
        return _interact(main_module, quiet=True)
    return code


# --- the ways to be given a program


def _run_command(module, source: str, safe: bool, level: int) -> None:
    if not safe:
        sys.path.insert(0, "")
    if source.lstrip("\n")[:1] in (" ", "\t"):
        source = textwrap.dedent(source)
    code = compile(source, "<string>", "exec", dont_inherit=True, optimize=level)
    linecache._register_code(code, source, "<string>")
    exec(code, module.__dict__)


def _run_stdin(module, level: int) -> None:
    exec(compile(streams.read_program(), "<stdin>", "exec", dont_inherit=True, optimize=level), module.__dict__)


def _run_module(name: str, safe: bool) -> None:
    import runpy

    if not safe:
        sys.path.insert(0, os.getcwd())
    runpy._run_module_as_main(name, alter_argv=True)


def _run_script(module, parsed: options.Options, safe: bool, level: int) -> int:
    path = parsed.script
    if os.path.isdir(path) or (os.path.isfile(path) and _is_archive(path)):
        import runpy

        sys.path.insert(0, path)
        return _guard(lambda: runpy._run_module_as_main("__main__", alter_argv=False))
    try:
        with io.open_code(os.path.abspath(path)) as stream:
            source = stream.read()
    except OSError as error:
        reason = f"[Errno {linux_errno.of(error.errno)}] {os.strerror(error.errno)}"
        sys.stderr.write(f"{options.PROGRAM}: can't open file {os.path.abspath(path)!r}: {reason}\n")
        return USAGE_ERROR
    if not safe:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    if parsed["x"]:
        source = b"\n" + source.partition(b"\n")[2]
    full = os.path.abspath(path)
    module.__file__ = full
    module.__cached__ = None
    module.__spec__ = None
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", full)
    return _guard(
        lambda: exec(compile(source, full, "exec", dont_inherit=True, optimize=level), module.__dict__)
    )


def _is_archive(path: str) -> bool:
    import zipfile

    with open(path, "rb") as stream:
        head = stream.read(4)
    return head == b"PK\x03\x04" and zipfile.is_zipfile(path)


def _interact(module, quiet: bool) -> int:
    import code

    banner = "" if quiet else f"Python {sys.version} on {sys.platform}\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information."
    sys.ps1 = getattr(sys, "ps1", ">>> ")
    sys.ps2 = getattr(sys, "ps2", "... ")
    console = code.InteractiveConsole(module.__dict__)
    if sys.stdin.isatty():
        builtins.input = console.raw_input = terminal.Lines().read
    return _guard(lambda: console.interact(banner=banner, exitmsg=""))


# --- how a run ends


def _guard(action) -> int:
    """Runs a program; its way out becomes an exit code, its uncaught exception goes to sys.excepthook."""
    try:
        action()
        return 0
    except SystemExit as request:
        return _exit_code(request)
    except BaseException as error:
        return _report(error)


def _exit_code(request: SystemExit) -> int:
    code = request.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        pass
    sys.stderr.write(f"{code}\n")
    return FINISHED_WITH_ERROR


def _report(error: BaseException) -> int:
    global _interrupted
    error.__traceback__ = _without_own_frames(error.__traceback__)
    sys.last_exc = error
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit as request:
        return _exit_code(request)
    except BaseException as second:
        sys.stderr.write("Error in sys.excepthook:\n")
        traceback.print_exception(second)
        sys.stderr.write("\nOriginal exception was:\n")
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        _interrupted = True
        return INTERRUPTED
    return FINISHED_WITH_ERROR


def _without_own_frames(trace):
    """The traceback from where the user's program starts."""
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def _finish(code: int) -> int:
    """What CPython does at its end: exit handlers, then objects of the main program, then open files."""
    endings.run()
    if not _flush():
        code = FLUSH_FAILED
    _clear_main()
    if _has_open_files():
        _flush_open_files()
    if not _flush():
        code = FLUSH_FAILED
    return code


def _flush() -> bool:
    good = True
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        if stream is None or getattr(stream, "closed", False):
            continue
        try:
            stream.flush()
        except BaseException as error:
            if name == "stdout":
                good = False
                text = "".join(traceback.format_exception_only(error))
                _last_words(f"Exception ignored while flushing sys.stdout:\n{text}")
            sys.stdout = None
    return good


def _last_words(text: str) -> None:
    try:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def _clear_main() -> None:
    """Drops the main program's names, so that its objects' finalizers run: private names first, as CPython does."""
    module = sys.modules.get("__main__")
    sys.last_exc = sys.last_value = sys.last_traceback = None
    names = getattr(module, "__dict__", {})
    for private in (True, False):
        for name in list(names):
            if name == "__builtins__" or name.startswith("_") is not private:
                continue
            names[name] = None


def _has_open_files() -> bool:
    """Whether any descriptor beyond the standard ones is open; asking so is cheaper than visiting every object."""
    for descriptor in range(FIRST_FREE_DESCRIPTOR, FIRST_FREE_DESCRIPTOR + DESCRIPTORS_PROBED):
        try:
            status = os.fstat(descriptor)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):  # the first is the root directory, which WASI gives every program
            return True
    return False


def _flush_open_files() -> None:
    """Writes out what files that were never closed still hold."""
    for thing in gc.get_objects():
        if isinstance(thing, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)) and not thing.closed:
            try:
                thing.flush()
            except BaseException:  # as in CPython, an implicit close has nobody to tell
                pass
