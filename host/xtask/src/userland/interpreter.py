"""Runs pieces of code in one lasting namespace: a context of the code interpreter.

Started as `python3 -u interpreter.py WORD`. Each line of standard input is a request, {"code": ..., "envs": {...}}. What
the code writes goes to standard output and error as it is. Lines of this driver's own start with the record separator
and WORD, and hold JSON: {"type": "error", "name", "value", "traceback"} and, last, {"type": "done", "completed"}.
"""

import io
import json
import linecache
import os
import sys
import traceback
import types

# Characters of an exception's value and traceback that are told; the host cuts lines beyond 1 MiB.
MOST_TEXT = 100_000
# Pieces of code whose source is kept for tracebacks.
MOST_SOURCES = 100


def cut(text):
    if len(text) <= MOST_TEXT:
        return text
    half = MOST_TEXT // 2
    return text[:half] + "\n[...]\n" + text[-half:]


class Driver:
    def __init__(self, word, requests, answers):
        self.prefix = ("\x1e" + word).encode()
        self.requests = requests
        self.answers = answers
        self.count = 0
        self.sources = []
        self.module = types.ModuleType("__main__")
        self.module.__dict__["__builtins__"] = __builtins__
        sys.modules["__main__"] = self.module

    def say(self, message):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                # The code has closed or replaced it.
                pass
        self.answers.write(self.prefix + json.dumps(message).encode() + b"\n")
        self.answers.flush()

    def remember(self, code):
        self.count += 1
        name = f"<code-{self.count}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        self.sources.append(name)
        if len(self.sources) > MOST_SOURCES:
            linecache.cache.pop(self.sources.pop(0), None)
        return name

    def tell(self, error):
        # The first frame is this driver's.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        if isinstance(error, SyntaxError) and trace is None:
            lines = traceback.format_exception_only(type(error), error)
        else:
            lines = traceback.format_exception(type(error), error, trace)
        try:
            value = str(error)
        except Exception:
            value = "<unprintable>"
        self.say({
            "type": "error",
            "name": type(error).__name__,
            "value": cut(value),
            "traceback": cut("".join(lines)),
        })

    def execute(self, code):
        """False if the code was interrupted."""
        try:
            compiled = compile(code, self.remember(code), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            error.__traceback__ = None
            self.tell(error)
            return True
        try:
            exec(compiled, self.module.__dict__)
        except KeyboardInterrupt:
            return False
        except SystemExit as error:
            if error.code not in (None, 0):
                self.tell(error)
        except BaseException as error:
            self.tell(error)
        return True

    def request(self):
        while True:
            try:
                return self.requests.readline()
            except KeyboardInterrupt:
                # It came too late for the code that it was meant for.
                pass

    def run(self):
        for line in iter(self.request, b""):
            request = json.loads(line)
            before = dict(os.environ)
            envs = request.get("envs") or {}
            os.environ.update(envs)
            try:
                completed = self.execute(request["code"])
            except KeyboardInterrupt:
                completed = False
            finally:
                # What the code set itself stays.
                for name, value in envs.items():
                    if os.environ.get(name) != value:
                        continue
                    if name in before:
                        os.environ[name] = before[name]
                    else:
                        del os.environ[name]
            self.say({"type": "done", "completed": completed})


def main():
    word = sys.argv[1]
    requests = sys.stdin.buffer
    sys.argv = [""]
    sys.path[0] = ""
    # The code's own standard input is at its end.
    sys.stdin = io.TextIOWrapper(io.BytesIO(b""))
    Driver(word, requests, sys.stdout.buffer).run()


main()
