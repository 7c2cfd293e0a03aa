"""Error numbers as Linux has them, where people read them.

`errno.ENOENT` is 44 in WASI, and `OSError.errno` and `os.strerror` agree with that, so programs that compare names
are right. The interpreter's own constants cannot be changed from outside; but tracebacks, and what `logging` makes
of exceptions, show the numbers that everybody knows.
"""

import errno
import traceback

_LINUX = {
    name: int(number)
    for name, number in (
        pair.split("=")
        for pair in """
        EPERM=1 ENOENT=2 ESRCH=3 EINTR=4 EIO=5 ENXIO=6 E2BIG=7 ENOEXEC=8 EBADF=9 ECHILD=10 EAGAIN=11 ENOMEM=12 EACCES=13
        EFAULT=14 EBUSY=16 EEXIST=17 EXDEV=18 ENODEV=19 ENOTDIR=20 EISDIR=21 EINVAL=22 ENFILE=23 EMFILE=24 ENOTTY=25
        ETXTBSY=26 EFBIG=27 ENOSPC=28 ESPIPE=29 EROFS=30 EMLINK=31 EPIPE=32 EDOM=33 ERANGE=34 EDEADLK=35 ENAMETOOLONG=36
        ENOLCK=37 ENOSYS=38 ENOTEMPTY=39 ELOOP=40 ENOMSG=42 EIDRM=43 ENOLINK=67 EPROTO=71 EMULTIHOP=72 EBADMSG=74
        EOVERFLOW=75 EILSEQ=84 ENOTSOCK=88 EDESTADDRREQ=89 EMSGSIZE=90 EPROTOTYPE=91 ENOPROTOOPT=92 EPROTONOSUPPORT=93
        EOPNOTSUPP=95 ENOTSUP=95 EAFNOSUPPORT=97 EADDRINUSE=98 EADDRNOTAVAIL=99 ENETDOWN=100 ENETUNREACH=101 ENETRESET=102
        ECONNABORTED=103 ECONNRESET=104 ENOBUFS=105 EISCONN=106 ENOTCONN=107 ETIMEDOUT=110 ECONNREFUSED=111
        EHOSTUNREACH=113 EALREADY=114 EINPROGRESS=115 ESTALE=116 EDQUOT=122 ECANCELED=125 EOWNERDEAD=130 ENOTRECOVERABLE=131
        """.split()
    )
}
_BY_NUMBER = {getattr(errno, name): number for name, number in _LINUX.items() if hasattr(errno, name)}


def of(number: int) -> int:
    """Linux's number for one of ours; an unknown one stays as it is."""
    return _BY_NUMBER.get(number, number)


def install() -> None:
    """Makes `traceback` show Linux's numbers. The interpreter prints uncaught exceptions through it, too."""
    plain = traceback._safe_string

    def safe_string(value, what, func=str):
        text = plain(value, what, func)
        if isinstance(value, OSError):
            ours = f"[Errno {value.errno}]"
            if text.startswith(ours):
                return f"[Errno {of(value.errno)}]{text[len(ours):]}"
        return text

    traceback._safe_string = safe_string
