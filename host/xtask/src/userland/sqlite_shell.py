"""sqlite3: the usual shell of SQLite, as far as scripts use it, over Python's own module."""

import csv
import json
import sys


class Shell:
    def __init__(self, database, mode="list", headers=False, separator="|"):
        import sqlite3

        self.sqlite3 = sqlite3
        self.database = sqlite3.connect(database, isolation_level=None)
        self.database.text_factory = lambda data: data.decode("utf-8", "replace")
        self.mode, self.headers, self.separator, self.null = mode, headers, separator, ""
        # The option -csv ends lines as Unix does, the command .mode csv as the standard of CSV does.
        self.end = "\n"
        self.failed = False

    def text(self, value):
        if value is None:
            return self.null
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def show(self, cursor):
        if cursor.description is None:
            return
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall() if self.mode in ("json", "column") else cursor
        out = sys.stdout
        if self.mode == "json":
            objects = [json.dumps(dict(zip(names, row)), ensure_ascii=False, separators=(",", ":"), default=self.text)
                       for row in rows]
            if objects:
                out.write("[" + ",\n".join(objects) + "]\n")
        elif self.mode == "csv":
            writer = csv.writer(out, lineterminator=self.end)
            if self.headers:
                writer.writerow(names)
            writer.writerows([self.text(value) for value in row] for row in rows)
        elif self.mode == "line":
            width = max(5, *(len(name) for name in names))
            for number, row in enumerate(rows):
                out.write("\n" * (number > 0))
                out.writelines(f"{name:>{width}} = {self.text(value)}\n" for name, value in zip(names, row))
        elif self.mode == "column":
            cells = [[self.text(value) for value in row] for row in rows]
            if cells:
                widths = [max(len(line[at]) for line in [names, *cells]) for at in range(len(names))]
                for line in [names, ["-" * width for width in widths], *cells]:
                    out.write("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)) + "\n")
        else:
            separator = {"tabs": "\t"}.get(self.mode, self.separator)
            if self.headers:
                out.write(separator.join(names) + "\n")
            for row in rows:
                out.write(separator.join(map(self.text, row)) + "\n")

    def statement(self, text):
        try:
            self.show(self.database.execute(text))
        except (self.sqlite3.Error, self.sqlite3.Warning) as error:
            self.failed = True
            sys.stdout.flush()
            print(f"Error: {error}", file=sys.stderr)

    def statements(self, text):
        """Runs all that is complete; gives back the rest."""
        rest = ""
        for part in text.split(";")[:-1]:
            rest += part + ";"
            if self.sqlite3.complete_statement(rest):
                self.statement(rest)
                rest = ""
        return rest + text.split(";")[-1]

    def command(self, line):
        """A line that starts with a point. False to end."""
        words = line[1:].split()
        name, values = words[0] if words else "", words[1:]
        master = "FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        if name in ("quit", "exit"):
            return False
        if name == "tables":
            found = [row[0] for row in self.database.execute(f"SELECT name {master} AND type IN ('table','view') ORDER BY 1")]
            if found:
                print("  ".join(found))
        elif name == "schema":
            only = " AND tbl_name = ?" if values else ""
            for row in self.database.execute(f"SELECT sql {master} AND sql NOT NULL{only}", values[:1]):
                print(row[0] + ";")
        elif name == "dump":
            print("\n".join(self.database.iterdump()))
        elif name == "mode" and values:
            self.mode = values[0]
            self.end = "\r\n" if self.mode == "csv" else "\n"
            if self.mode == "list":
                self.separator = "|"
        elif name in ("headers", "header") and values:
            self.headers = values[0] in ("on", "1", "yes")
        elif name == "separator" and values:
            self.separator = values[0].strip("\"'").replace("\\t", "\t")
        elif name == "nullvalue" and values:
            self.null = values[0].strip("\"'")
        elif name == "read" and values:
            return self.run(open(values[0], encoding="utf-8"))
        elif name == "import" and len(values) > 1:
            self.take(values[0], values[1])
        elif name in ("databases", "timeout", "bail", "echo", "changes", "timer", "width"):
            pass
        else:
            self.failed = True
            print(f'Error: unknown command or invalid arguments:  "{name}"', file=sys.stderr)
        return True

    def take(self, file, table):
        separator = "," if self.mode == "csv" else self.separator
        quoted = '"' + table.replace('"', '""') + '"'
        with open(file, newline="", encoding="utf-8") as source:
            rows = list(csv.reader(source, delimiter=separator))
        known = self.database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone()
        if rows and not known:
            columns = ", ".join('"' + name.replace('"', '""') + '" TEXT' for name in rows.pop(0))
            self.database.execute(f"CREATE TABLE {quoted}({columns})")
        for row in rows:
            self.database.execute(f"INSERT INTO {quoted} VALUES({','.join('?' * len(row))})", row)

    def run(self, lines):
        """Lines of statements and commands. False if one of them ends the shell."""
        pending = ""
        for line in lines:
            if not pending.strip() and line.startswith("."):
                if not self.command(line.strip()):
                    return False
                continue
            pending = self.statements(pending + line)
        if pending.strip():
            self.statement(pending)
        return True


def main(words):
    settings, commands, operands = {}, [], []
    modes = {"-csv": "csv", "-json": "json", "-line": "line", "-column": "column", "-list": "list", "-tabs": "tabs"}
    words = iter(words)
    for word in words:
        option = "-" + word.lstrip("-") if word.startswith("-") and len(word) > 1 else word
        if option in modes:
            settings["mode"] = modes[option]
        elif option in ("-header", "-headers"):
            settings["headers"] = True
        elif option == "-noheader":
            settings["headers"] = False
        elif option == "-separator":
            settings["separator"] = next(words, "|")
        elif option == "-cmd":
            commands.append(next(words, ""))
        elif option == "-version":
            import sqlite3

            print(sqlite3.sqlite_version)
            return 0
        elif option in ("-batch", "-bail", "-interactive", "-readonly"):
            pass
        elif option.startswith("-"):
            print(f"sqlite3: Error: unknown option: {word}", file=sys.stderr)
            return 1
        else:
            operands.append(word)
    shell = Shell(operands[0] if operands else ":memory:", **settings)
    goes_on = shell.run(line + "\n" for line in commands)
    for text in operands[1:]:
        goes_on = goes_on and shell.run(line + "\n" for line in text.split("\n"))
    if goes_on and len(operands) < 2:
        terminal = sys.stdin.isatty()
        if terminal:
            print('Enter SQL statements, ended by ";", or .quit.')
        shell.run(prompted() if terminal else sys.stdin)
    return int(shell.failed)


def prompted():
    while True:
        try:
            yield input("sqlite> ") + "\n"
        except EOFError:
            return


if __name__ == "__main__":
    try:
        # The interpreter, this file, and what stands in /usr/bin: as with every script that another one runs.
        sys.exit(main(sys.argv[2:]))
    except BrokenPipeError:
        sys.exit(1)
