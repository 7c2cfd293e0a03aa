"""Language servers: symbols of a document and of the project, completions, errors."""

from daytona import CreateSandboxFromSnapshotParams, Daytona
from daytona.common.lsp_server import LspCompletionPosition

SOURCE = b'''\
class Greeter:
    """Greets people."""

    def greet(self, name: str) -> str:
        return "hello " + name


greeter = Greeter()
greeter.
'''
OTHER = b"from greeting import Greeter\n\n\ndef greet_all(names):\n    return [Greeter().greet(name) for name in names]\n"

daytona = Daytona()
sandbox = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
try:
    sandbox.fs.create_folder("project", "755")
    sandbox.fs.upload_file(SOURCE, "project/greeting.py")
    sandbox.fs.upload_file(OTHER, "project/all.py")
    lsp = sandbox.create_lsp_server("python", "project")

    try:
        lsp.document_symbols("project/greeting.py")
        raise AssertionError("a server that was not started answered")
    except Exception as error:
        assert "start" in str(error).lower(), error

    lsp.start()
    lsp.start()
    lsp.did_open("project/greeting.py")
    symbols = {symbol.name: symbol for symbol in lsp.document_symbols("project/greeting.py")}
    assert symbols["Greeter"].kind == 5, symbols
    assert symbols["greet"].location.range.start.line == 3, symbols
    assert symbols["Greeter"].location.uri.endswith("/project/greeting.py"), symbols

    found = {symbol.name: symbol.location.uri for symbol in lsp.sandbox_symbols("greet")}
    assert found["Greeter"].endswith("/greeting.py") and found["greet_all"].endswith("/all.py"), found
    assert lsp.sandbox_symbols("nothing-of-that-name") == []

    completions = lsp.completions("project/greeting.py", LspCompletionPosition(line=8, character=8))
    labels = [item.label for item in completions.items]
    assert labels[0] == "greet" and "__class__" in labels, labels
    lsp.did_close("project/greeting.py")

    # It is a process of the sandbox. Should it die, the next question starts it anew.
    killed = sandbox.process.exec("pkill -9 -f '[l]sp/server.py'; sleep 0.1; pgrep -f '[l]sp/server.py' | wc -l")
    assert killed.result.strip() == "0", killed
    assert [symbol.name for symbol in lsp.document_symbols("project/all.py")] == ["greet_all"]

    try:
        lsp.did_open("project/missing.py")
        raise AssertionError("a file that is not there was opened")
    except Exception as error:
        assert "missing.py" in str(error), error
    lsp.stop()
    try:
        lsp.sandbox_symbols("greet")
        raise AssertionError("a server that was stopped answered")
    except Exception as error:
        assert "start" in str(error).lower(), error
    assert sandbox.process.exec("pgrep -f '[l]sp/server.py' | wc -l").result.strip() == "0"

    try:
        sandbox.create_lsp_server("cobol", "project").start()
        raise AssertionError("a language that nobody knows was started")
    except Exception as error:
        assert "cobol" in str(error), error
finally:
    sandbox.delete()
