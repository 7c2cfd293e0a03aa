"""A language server for Python: symbols by the parser of Python itself, completions by jedi.

Speaks the language server protocol on its standard streams, to the toolbox of its own sandbox only.
"""

import ast
import json
import os
import sys
import urllib.parse

# Files of a project that are looked at for symbols, and the largest one: a bound on how long a question takes.
MOST_FILES = 2000
MOST_FILE_BYTES = 1 << 20
# Symbols and completions in one answer.
MOST_SYMBOLS = 5000
MOST_COMPLETIONS = 500
# Completions whose documentation is looked up: each costs an inference.
MOST_DOCUMENTED = 20
# Trees of files that have not changed since they were parsed.
MOST_KEPT = 500
LEFT_OUT = {"__pycache__", "node_modules", "site-packages", ".git", ".hg", ".tox", ".venv", "venv", "env"}

MODULE, CLASS, METHOD, PROPERTY, FUNCTION, VARIABLE, CONSTANT = 2, 5, 6, 7, 12, 13, 14
COMPLETION_KINDS = {
    "module": 9, "class": 7, "instance": 6, "function": 3, "param": 6, "path": 17, "keyword": 14, "property": 10,
    "statement": 6,
}  # fmt: skip

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603


class Refusal(Exception):
    """A question that cannot be answered, and why."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


def path_of(uri):
    if not uri.startswith("file://"):
        raise Refusal(INVALID_PARAMS, f"{uri} is no file")
    path = uri.removeprefix("file://")
    if os.path.exists(path):
        return path
    return urllib.parse.unquote(path)


def units(line, column):
    """UTF-16 units before a column that counts UTF-8 bytes."""
    before = line.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace")
    return len(before) if before.isascii() else len(before.encode("utf-16-le")) // 2


def column_of(line, character):
    """The column, in characters, after so many UTF-16 units."""
    seen = 0
    for column, letter in enumerate(line):
        if seen >= character:
            return column
        seen += 1 if letter < "\U00010000" else 2
    return len(line)


# --- symbols


def symbols_of(text, uri):
    """Classes, functions, methods and module variables of a source, in its order."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return broken_symbols(text, uri)
    lines = text.split("\n")
    found = []
    pending = [(node, None) for node in reversed(tree.body)]
    while pending:
        node, owner = pending.pop()
        kind = None
        if isinstance(node, ast.ClassDef):
            kind, name = CLASS, node.name
            pending.extend((child, node) for child in reversed(node.body))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kind, name = (FUNCTION if owner is None else METHOD), node.name
            decorators = {getattr(decorator, "id", None) for decorator in node.decorator_list}
            if owner is not None and "property" in decorators:
                kind = PROPERTY
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    place = CONSTANT if target.id.isupper() else VARIABLE
                    found.append(symbol(target.id, place, uri, node, lines))
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            # Names that a module binds under a condition.
            pending.extend((child, owner) for child in reversed(node.body))
        if kind is not None:
            found.append(symbol(name, kind, uri, node, lines))
        if len(found) >= MOST_SYMBOLS:
            break
    return found


def symbol(name, kind, uri, node, lines):
    def place(line, column):
        text = lines[line - 1] if line <= len(lines) else ""
        return {"line": line - 1, "character": units(text, column)}

    reach = {
        "start": place(node.lineno, node.col_offset),
        "end": place(node.end_lineno, node.end_col_offset),
    }
    return {"name": name, "kind": kind, "location": {"uri": uri, "range": reach}}


def broken_symbols(text, uri):
    """The same of a source that is no Python yet: its lines are read one by one."""
    found = []
    for number, line in enumerate(text.split("\n")):
        words = line.split(None, 2)
        if words[:1] == ["async"]:
            words = words[1:]
        if len(words) < 2 or words[0] not in ("class", "def"):
            continue
        name = words[1].split("(")[0].rstrip(":").strip()
        if not name.isidentifier():
            continue
        indented = line[:1].isspace()
        kind = CLASS if words[0] == "class" else METHOD if indented else FUNCTION
        end = {"line": number, "character": units(line, len(line.encode()))}
        reach = {"start": {"line": number, "character": 0}, "end": end}
        found.append({"name": name, "kind": kind, "location": {"uri": uri, "range": reach}})
        if len(found) >= MOST_SYMBOLS:
            break
    return found


# --- the server


class Server:
    def __init__(self):
        self.root = os.getcwd()
        self.documents = {}
        self.kept = {}
        self.project = None

    def initialize(self, parameters):
        root = parameters.get("rootPath") or parameters.get("rootUri", "").removeprefix("file://")
        if root and os.path.isdir(root):
            self.root = root
            os.chdir(root)
        return {
            "capabilities": {
                "textDocumentSync": 1,
                "documentSymbolProvider": True,
                "workspaceSymbolProvider": True,
                "completionProvider": {"triggerCharacters": ["."]},
            },
            "serverInfo": {"name": "sandbar-python"},
        }

    def text(self, path):
        if path in self.documents:
            return self.documents[path]
        try:
            if os.path.getsize(path) > MOST_FILE_BYTES:
                raise Refusal(INVALID_PARAMS, f"{path} is larger than {MOST_FILE_BYTES} bytes")
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except OSError as error:
            raise Refusal(INVALID_PARAMS, f"{path}: {error.strerror}") from None

    def opened(self, parameters):
        document = parameters["textDocument"]
        self.documents[path_of(document["uri"])] = document["text"]

    def changed(self, parameters):
        changes = parameters["contentChanges"]
        if changes:
            self.documents[path_of(parameters["textDocument"]["uri"])] = changes[-1]["text"]

    def closed(self, parameters):
        self.documents.pop(path_of(parameters["textDocument"]["uri"]), None)

    def document_symbols(self, parameters):
        uri = parameters["textDocument"]["uri"]
        return symbols_of(self.text(path_of(uri)), uri)

    def workspace_symbols(self, parameters):
        wanted = parameters.get("query", "").lower()
        found = []
        for path in self.files():
            for one in self.symbols_in(path):
                if wanted in one["name"].lower():
                    found.append(one)
                    if len(found) >= MOST_SYMBOLS:
                        return found
        return found

    def files(self):
        count = 0
        for directory, below, names in os.walk(self.root):
            below[:] = sorted(name for name in below if name not in LEFT_OUT and not name.startswith("."))
            for name in sorted(names):
                if name.endswith((".py", ".pyi")):
                    yield os.path.join(directory, name)
                    count += 1
                    if count >= MOST_FILES:
                        return

    def symbols_in(self, path):
        uri = f"file://{path}"
        if path in self.documents:
            return symbols_of(self.documents[path], uri)
        try:
            status = os.stat(path)
            known = (status.st_mtime_ns, status.st_size)
            kept = self.kept.get(path)
            if kept is not None and kept[0] == known:
                return kept[1]
            found = symbols_of(self.text(path), uri)
        except (OSError, Refusal):
            return []
        if len(self.kept) >= MOST_KEPT:
            self.kept.pop(next(iter(self.kept)))
        self.kept[path] = (known, found)
        return found

    def completions(self, parameters):
        import jedi
        from jedi.api.environment import InterpreterEnvironment

        if self.project is None:
            # This very interpreter: another one would have to be started and asked for each name.
            self.environment = InterpreterEnvironment()
            self.project = jedi.Project(self.root, smart_sys_path=False, added_sys_path=[self.root])
        path = path_of(parameters["textDocument"]["uri"])
        text = self.text(path)
        lines = text.split("\n")
        line = parameters["position"]["line"]
        if line >= len(lines):
            raise Refusal(INVALID_PARAMS, f"{path} has only {len(lines)} lines")
        column = column_of(lines[line].rstrip("\r"), parameters["position"]["character"])
        script = jedi.Script(text, path=path, project=self.project, environment=self.environment)
        found = script.complete(line + 1, column)
        items = []
        for number, completion in enumerate(found[:MOST_COMPLETIONS]):
            items.append(self.item(completion, number < MOST_DOCUMENTED and len(found) <= MOST_DOCUMENTED))
        return {"isIncomplete": len(found) > MOST_COMPLETIONS, "items": items}

    @staticmethod
    def item(completion, documented):
        name = completion.name
        # Private names after public ones.
        rank = "z" if name.startswith("__") else "y" if name.startswith("_") else "a"
        item = {
            "label": name,
            "kind": COMPLETION_KINDS.get(completion.type, 1),
            "detail": completion.type,
            "sortText": f"{rank}{name}",
            "insertText": name,
        }
        if documented:
            try:
                text = completion.docstring()
            except Exception:
                text = ""  # of something that jedi cannot make out; the name stands
            if text:
                item["documentation"] = {"kind": "plaintext", "value": text}
        return item

    def nothing(self, parameters):
        return None


METHODS = {
    "initialize": Server.initialize,
    "initialized": Server.nothing,
    "shutdown": Server.nothing,
    "textDocument/didOpen": Server.opened,
    "textDocument/didChange": Server.changed,
    "textDocument/didClose": Server.closed,
    "textDocument/didSave": Server.nothing,
    "textDocument/documentSymbol": Server.document_symbols,
    "workspace/symbol": Server.workspace_symbols,
    "textDocument/completion": Server.completions,
}


def read(stream):
    """The next message, or None at the end."""
    length = None
    while True:
        line = stream.readline()
        if not line:
            return None
        line = line.strip()
        if not line:
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None:
        return None
    body = stream.read(length)
    return json.loads(body) if len(body) == length else None


def write(stream, message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def answer(server, message):
    method = METHODS.get(message.get("method"))
    if method is None:
        raise Refusal(METHOD_NOT_FOUND, f"no method {message.get('method')}")
    return method(server, message.get("params") or {})


def main():
    server = Server()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    # What a library prints must not stand between messages.
    sys.stdout = sys.stderr
    while (message := read(questions)) is not None:
        if message.get("method") == "exit":
            return
        number = message.get("id")
        try:
            result = answer(server, message)
        except Refusal as refusal:
            reply = {"id": number, "error": {"code": refusal.code, "message": str(refusal)}}
        except (KeyError, TypeError) as error:
            reply = {"id": number, "error": {"code": INVALID_PARAMS, "message": f"parameters: {error!r}"}}
        except Exception as error:
            reply = {"id": number, "error": {"code": INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}}
        else:
            reply = {"id": number, "result": result}
        if number is not None:
            write(answers, reply)


if __name__ == "__main__":
    main()
