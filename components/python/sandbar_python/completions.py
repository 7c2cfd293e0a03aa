"""jedi, which the language server asks: kept in the image, with the stubs of the library's most used modules parsed."""

import builtins
import importlib
import pathlib
import pkgutil
import types

from . import libraries

LIBRARY = libraries.Library(("jedi", "parso"), "/usr/lib/sandbar/lsp")
LAYER_TIME = 1_767_225_600
"""When files of the base layer seem to have been changed last."""

_PARSED = """
builtins.pyi typing.pyi typing_extensions.pyi types.pyi _typeshed/__init__.pyi collections/__init__.pyi
_collections_abc.pyi abc.pyi os/__init__.pyi sys/__init__.pyi re.pyi enum.pyi dataclasses.pyi functools.pyi
""".split()


def keep() -> None:
    """Imports and fills it at the build."""
    libraries.keep(LIBRARY, _import)


def _import(root: str) -> None:
    def open_of_the_build(file, *arguments, **named):
        """Grammars are read from where they will be."""
        text = str(file)
        if text.startswith(LIBRARY.directory):
            text = root + text.removeprefix(LIBRARY.directory)
        return builtins.open(text, *arguments, **named)

    grammar_module = importlib.import_module("parso.grammar")
    grammar_module.open = open_of_the_build
    for name in ("parso", "jedi"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages([f"{root}/{name}"], f"{name}."):
            if ".third_party" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    _parse(root, grammar_module)
    del grammar_module.open


def _parse(root: str, grammar_module: types.ModuleType) -> None:
    from jedi.inference.gradual import typeshed
    from parso import cache

    # Trees that were written to disk would be read slower than they are parsed, and count against the quota.
    cache._save_to_file_system = lambda *_, **__: None
    cache._load_from_file_system = lambda *_, **__: None
    grammar = grammar_module.load_grammar()
    directory = str(typeshed.TYPESHED_PATH)
    for name in _PARSED:
        path = f"{directory}/stdlib/{name}"
        with open(root + path.removeprefix(LIBRARY.directory), encoding="utf-8") as stream:
            code = stream.read()
        item = cache._NodeCacheItem(
            grammar.parse(code), code.splitlines(keepends=True), change_time=float(LAYER_TIME)
        )
        cache.parser_cache.setdefault(grammar._hashed, {})[pathlib.Path(path)] = item
