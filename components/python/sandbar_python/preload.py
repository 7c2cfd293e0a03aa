"""The modules that are already imported when a run starts: what scripts use most.

Each costs its objects in the memory image, which all runs share until they write to it.
"""

import importlib

MODULES = """
abc argparse array ast asyncio base64 bisect calendar codecs collections collections.abc concurrent.futures
configparser contextlib contextvars copy csv dataclasses datetime decimal difflib dis email.message email.parser
encodings.ascii encodings.cp437 encodings.idna encodings.latin_1 encodings.utf_16 encodings.utf_8_sig enum
errno fnmatch fractions functools gc getopt getpass glob gzip hashlib heapq hmac html html.parser http.client http.server
importlib.metadata importlib.resources importlib.util inspect io itertools json keyword linecache locale
logging logging.handlers math mimetypes numbers operator os os.path pathlib pickle pkgutil platform pprint
queue random re reprlib runpy secrets select selectors shlex shutil signal socket socketserver sqlite3 ssl stat statistics
string struct subprocess sys sysconfig tempfile textwrap threading time timeit token tokenize traceback
types typing unicodedata unittest unittest.mock urllib.error urllib.parse urllib.request uuid warnings
weakref xml.etree.ElementTree zipfile zlib zoneinfo
""".split()


def run() -> None:
    """Imports them all."""
    for name in MODULES:
        importlib.import_module(name)
