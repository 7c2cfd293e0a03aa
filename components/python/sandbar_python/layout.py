"""Where Python and what is installed beside it seem to be: `sys.prefix`, the schemes of `sysconfig`, `site`.

The library is in memory and says that it is in /usr/lib; packages go to /usr/local, to the user's ~/.local, or into a
virtual environment. WASI's own answers are those of the machine that built this Python.
"""

import os
import site
import sys
import sysconfig

from . import files

PREFIX = "/usr/local"
"""Where packages of all users go."""
LIBRARY_PREFIX = "/usr"
PACKAGES = "lib/python3.14/site-packages"
SITE = f"{PREFIX}/{PACKAGES}"
HOME = "/home/daytona"
"""Home of nearly every run: what is reckoned from it at the build is right in these."""
SHARED = "/usr/lib/python3/dist-packages"
"""What comes with the base layer: pip."""

_USER_SCHEME = {
    "stdlib": "{userbase}/lib/python{py_version_short}",
    "platstdlib": "{userbase}/lib/python{py_version_short}",
    "purelib": "{userbase}/lib/python{py_version_short}/site-packages",
    "platlib": "{userbase}/lib/python{py_version_short}/site-packages",
    "include": "{userbase}/include/python{py_version_short}",
    "scripts": "{userbase}/bin",
    "data": "{userbase}",
}


def install() -> None:
    """To be called at the build."""
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = PREFIX
    for name in ("_PREFIX", "_EXEC_PREFIX"):
        setattr(sysconfig, name, PREFIX)
    for name in ("_BASE_PREFIX", "_BASE_EXEC_PREFIX"):
        setattr(sysconfig, name, LIBRARY_PREFIX)
    sysconfig._INSTALL_SCHEMES["posix_user"] = _USER_SCHEME
    sysconfig._HAS_USER_BASE = True
    sysconfig._getuserbase = site._getuserbase = user_base
    site._get_path = lambda base: f"{base}/{PACKAGES}"
    site.PREFIXES = [PREFIX]
    site.ENABLE_USER_SITE = True
    sysconfig._CONFIG_VARS_INITIALIZED = False
    sysconfig._CONFIG_VARS = None
    sysconfig.get_config_vars()["userbase"] = f"{HOME}/.local"


def user_base() -> str:
    """The directory below which `pip install --user` puts things."""
    return os.environ.get("PYTHONUSERBASE") or f"{os.environ.get('HOME', '/root').rstrip('/')}/.local"


def locate(program: str, default: str) -> None:
    """Sets `sys.executable` from the name that this run was started by, and, if that is in a virtual environment, the
    prefixes. A name without a directory is the default one, unless an activated environment has it."""
    if "/" in program:
        executable = os.path.abspath(program)
    else:
        executable = default
        environment = os.environ.get("VIRTUAL_ENV")
        if environment and os.path.lexists(f"{environment}/bin/{program}"):
            first = next((part for part in os.environ.get("PATH", "").split(":") if part), "")
            if first == f"{environment}/bin":
                executable = f"{first}/{program}"
    sys.executable = executable
    sys._base_executable = default
    site.PREFIXES = [PREFIX]
    base = user_base()
    if sysconfig._CONFIG_VARS["userbase"] != base:
        sysconfig._CONFIG_VARS["userbase"] = base
    directory = os.path.dirname(executable)
    if directory in ("/usr/bin", "/bin"):
        return
    settings = _settings(f"{os.path.dirname(directory)}/pyvenv.cfg") or _settings(f"{directory}/pyvenv.cfg")
    if settings is not None:
        sys.prefix = sys.exec_prefix = os.path.dirname(directory)
        site.PREFIXES = [sys.prefix]
        site.ENABLE_USER_SITE = settings.get("include-system-site-packages", "").lower() == "true"
        if site.ENABLE_USER_SITE:
            site.PREFIXES.append(PREFIX)


def _settings(path: str) -> dict | None:
    """A virtual environment's settings; None where there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.partition("=") for line in stream]
    except (OSError, UnicodeDecodeError):
        return None
    return {name.strip().lower(): value.strip() for name, equals, value in lines if equals}


def site_directories(user_site: bool) -> list[str]:
    """Directories of packages, in the order they are searched."""
    found = []
    in_environment = sys.prefix != sys.base_prefix
    if user_site and site.ENABLE_USER_SITE:
        user = f"{user_base()}/{PACKAGES}"
        if files.is_directory(user):
            found.append(user)
    if in_environment:
        found.append(f"{sys.prefix}/{PACKAGES}")
        if not site.ENABLE_USER_SITE:
            return found
    found.append(SITE)  # it is in every sandbox; should anyone remove it, imports pass over it
    return found


def read_path_files(directories: list[str]) -> None:
    """Obeys the .pth files of these directories, as `site` does: editable installs are made of them."""
    for directory in directories:
        try:
            names = sorted(name for name in os.listdir(directory) if name.endswith(".pth"))
        except OSError:
            continue
        for name in names:
            if not name.startswith("."):
                site.addpackage(directory, name, None)


def customize() -> None:
    """Runs `sitecustomize`, if there is one."""
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
