"""Keys at a terminal: line editing that is seen, history, Ctrl-C, Ctrl-D, Ctrl-Z, the window's size, programs that ask."""

import time

from daytona import CreateSandboxFromSnapshotParams, Daytona
from daytona.common.pty import PtySize
import daytona as package

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
process = sandbox.process
LIMIT = 30


class Terminal:
    """Types, and reads until something shows."""

    def __init__(self, name):
        self.handle = process.create_pty_session(name, pty_size=PtySize(cols=90, rows=25))
        self.handle.wait_for_connection()
        self.data = iter(self.handle)
        self.seen = ""

    def type(self, text):
        self.handle.send_input(text)

    def shows(self, wanted):
        begun = time.monotonic()
        while wanted not in self.seen:
            assert time.monotonic() - begun < LIMIT, f"{wanted!r} does not come after {self.seen!r}"
            piece = next(self.data, None)
            assert piece is not None, f"the terminal ended before {wanted!r}: {self.seen!r}"
            self.seen += piece.decode(errors="replace")
        before, self.seen = self.seen.split(wanted, 1)
        return before


try:
    one = Terminal("keys")
    # What is typed is echoed; the left arrow and a deletion change the line, and the screen shows it.
    one.type("echo abX")
    one.shows("echo abX")
    one.type("\x7fc; echo $((6*7))\n")
    one.shows("abc\r\n42\r\n")
    one.type("cho edited\x01e\n")
    one.shows("edited\r\n")
    # Up brings the last command again.
    one.type("echo again-$((1+1))\n")
    one.shows("again-2\r\n")
    one.type("\x1b[A\n")
    one.shows("again-2\r\n")

    # Ctrl-C ends what runs, not the shell, and empties a line that was not sent.
    one.type("sleep 1000\n")
    time.sleep(0.5)
    one.type("\x03")
    one.type("echo code-$?\n")
    one.shows("code-130\r\n")
    one.type("echo never\x03")
    one.type("echo fresh-$((2+2))\n")
    assert "never\r\n" not in one.shows("fresh-4\r\n")

    # Ctrl-Z stops it, jobs knows of it, it can be ended.
    one.type("sleep 999\n")
    time.sleep(0.5)
    one.type("\x1a")
    one.type("jobs\n")
    one.shows("Stopped")
    one.type("kill -9 %1; wait %1; echo killed-$?\n")
    one.shows("killed-137")

    # Ctrl-D is the end of input for what reads.
    one.type("cat; echo after-cat\n")
    time.sleep(0.3)
    one.type("line\n")
    one.shows("line\r\n")
    one.type("\x04")
    one.shows("after-cat\r\n")

    # The size is what programs see, also when it changes.
    one.type("stty size\n")
    one.shows("25 90")
    one.handle.resize(PtySize(cols=111, rows=33))
    assert process.get_pty_session_info("keys").cols == 111
    one.type("stty size\n")
    one.shows("33 111")
    assert process.resize_pty_session("keys", PtySize(cols=70, rows=20)).rows == 20

    # Python asks at the terminal, and is interactive there.
    one.type("python3 -c 'print(\"hello\", input(\"name? \"))'\n")
    one.shows("name? ")
    one.type("eve\n")
    one.shows("hello eve\r\n")
    one.type("python3\n")
    one.shows(">>> ")
    one.type("1300 + 37\n")
    one.shows("1337")
    one.type("exit()\n")
    one.type("echo back-$((3+3))\n")
    one.shows("back-6\r\n")

    # Ctrl-D at an empty prompt ends the shell.
    one.type("\x04")
    result = one.handle.wait(timeout=LIMIT)
    assert result.exit_code == 0, result

    # One name, one terminal; what is not there is said.
    two = Terminal("same")
    try:
        process.create_pty_session("same").wait_for_connection()
        raise AssertionError("two terminals of one name")
    except package.DaytonaError:
        pass
    try:
        process.get_pty_session_info("none")
        raise AssertionError("a terminal that nobody made")
    except package.DaytonaNotFoundError:
        pass
    two.handle.kill()
    assert two.handle.wait(timeout=LIMIT).exit_code == 137
finally:
    sandbox.delete()
