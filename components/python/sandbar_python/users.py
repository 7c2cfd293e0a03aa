"""Users and groups: the modules `pwd` and `grp`, read from /etc, and the ids of the one user of a sandbox."""

import os
import sys
import types
from collections import namedtuple

UID = GID = 1000
"""Every program of a sandbox runs as this user and group."""

struct_passwd = namedtuple("struct_passwd", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell")
struct_group = namedtuple("struct_group", "gr_name gr_passwd gr_gid gr_mem")


def install() -> None:
    """Makes `pwd` and `grp` importable and completes `os`."""
    passwd = types.ModuleType("pwd", "Users, from /etc/passwd.")
    passwd.struct_passwd = struct_passwd
    passwd.getpwall = _users
    passwd.getpwnam = lambda name: _find(_users(), 0, name, "getpwnam(): name")
    passwd.getpwuid = lambda uid: _find(_users(), 2, uid, "getpwuid(): uid")
    groups = types.ModuleType("grp", "Groups, from /etc/group.")
    groups.struct_group = struct_group
    groups.getgrall = _groups
    groups.getgrnam = lambda name: _find(_groups(), 0, name, "getgrnam(): name")
    groups.getgrgid = lambda gid: _find(_groups(), 2, gid, "getgrgid(): gid")
    sys.modules["pwd"] = passwd
    sys.modules["grp"] = groups
    for name in ("getuid", "geteuid"):
        setattr(os, name, lambda: UID)
    for name in ("getgid", "getegid"):
        setattr(os, name, lambda: GID)
    os.getgroups = lambda: [GID]
    os.getlogin = lambda: passwd.getpwuid(UID).pw_name
    import shutil
    import tarfile

    shutil.pwd = tarfile.pwd = passwd
    shutil.grp = tarfile.grp = groups


def _lines(path: str, fields: int):
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            parts = line.rstrip("\n").split(":")
            if len(parts) == fields:
                yield parts


def _users() -> list:
    return [struct_passwd(n, p, int(u), int(g), c, d, s) for n, p, u, g, c, d, s in _lines("/etc/passwd", 7)]


def _groups() -> list:
    return [struct_group(n, p, int(g), [m for m in members.split(",") if m]) for n, p, g, members in _lines("/etc/group", 4)]


def _find(entries, index: int, key, what: str):
    for entry in entries:
        if entry[index] == key:
            return entry
    raise KeyError(f"{what} not found: {key!r}")
