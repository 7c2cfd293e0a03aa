"""CPython's command line."""

from dataclasses import dataclass, field

PROGRAM = "/usr/bin/python3"

USAGE = f"""\
usage: {PROGRAM} [option] ... [-c cmd | -m mod | file | -] [arg] ...
Try `python -h' for more information.
"""

HELP = f"""\
usage: {PROGRAM} [option] ... [-c cmd | -m mod | file | -] [arg] ...
Options (and corresponding environment variables):
-B     : don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x
-c cmd : program passed in as string (terminates option list)
-E     : ignore PYTHON* environment variables (such as PYTHONPATH)
-h     : print this help message and exit (also -? or --help)
-i     : inspect interactively after running script
-I     : isolate from the user's environment (implies -E, -P and -s)
-m mod : run library module as a script (terminates option list)
-O     : remove assert and __debug__-dependent statements from the main program
-P     : don't prepend a potentially unsafe path to sys.path
-q     : don't print version on interactive startup
-s     : don't add user site directory to sys.path
-S     : don't add any site directory to sys.path
-u     : force the stdout and stderr streams to be unbuffered
-V     : print the Python version number and exit (also --version)
-W arg : warning control; arg is action:message:category:module:lineno
-x     : skip first line of source
-X opt : set implementation-specific option
file   : program read from script file
-      : program read from stdin (default)
arg ...: arguments passed to program in sys.argv[1:]
"""


class UsageError(Exception):
    """A command line that cannot be; the text is for standard error."""


@dataclass
class Options:
    """A command line taken apart."""

    flags: dict[str, int] = field(default_factory=dict)
    """How often each option without a value was given, by letter."""
    command: str | None = None
    module: str | None = None
    script: str | None = None
    """A path; `-` or None is standard input."""
    warnings: list[str] = field(default_factory=list)
    implementation: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    """What follows the program."""

    def __getitem__(self, letter: str) -> int:
        return self.flags.get(letter, 0)

    @property
    def ignores_environment(self) -> bool:
        return bool(self["E"] or self["I"])


_PLAIN = frozenset("bBdEhiIOPqRsStuvVx?")


def parse(arguments: list[str]) -> Options:
    """Reads what follows the program's own name."""
    options = Options()
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        if argument == "-" or not argument.startswith("-"):
            break
        index += 1
        if argument == "--":
            break
        if argument.startswith("--"):
            _long(options, argument)
            continue
        letters = argument[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _PLAIN:
                options.flags[letter] = options[letter] + 1
                continue
            if letter not in "cmWX":
                raise UsageError(f"Unknown option: -{letter}\n{USAGE}")
            if letters:
                value, letters = letters, ""
            elif index < len(arguments):
                value = arguments[index]
                index += 1
            else:
                raise UsageError(f"Argument expected for the -{letter} option\n{USAGE}")
            if letter == "W":
                options.warnings.append(value)
            elif letter == "X":
                options.implementation.append(value)
            else:
                if letter == "c":
                    options.command = value
                else:
                    options.module = value
                options.arguments = arguments[index:]
                return options
    if index < len(arguments):
        options.script = arguments[index]
        options.arguments = arguments[index + 1 :]
    return options


def _long(options: Options, argument: str) -> None:
    letter = {"--help": "h", "--version": "V"}.get(argument)
    if letter is None:
        raise UsageError(f"unknown option {argument}\n{USAGE}")
    options.flags[letter] = options[letter] + 1
