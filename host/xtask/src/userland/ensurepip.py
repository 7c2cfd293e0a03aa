"""Gives an environment its pip: that of the base layer, by scripts of the environment's own."""

import os
import sys
import sysconfig

SCRIPT = "#!{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


def version():
    """The version of pip that there is."""
    import pip

    return pip.__version__


def bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    """Writes the scripts pip, pip3 and pip3.14 beside this interpreter."""
    if root is not None:
        raise ValueError("pip cannot be put below another root here; use pip install --root for packages")
    directory = sysconfig.get_path("scripts", "posix_user") if user else sysconfig.get_path("scripts")
    os.makedirs(directory, exist_ok=True)
    names = ["pip3.14"] if altinstall else ["pip3.14", "pip3", "pip"]
    for name in names:
        path = os.path.join(directory, name)
        with open(path, "w") as script:
            script.write(SCRIPT.format(python=sys.executable))
        os.chmod(path, 0o755)


def _main(arguments=None):
    import argparse

    parser = argparse.ArgumentParser(prog="python -m ensurepip")
    parser.add_argument("--version", action="version", version=f"pip {version()}")
    parser.add_argument("-v", "--verbose", action="count", default=0, dest="verbosity")
    for option in ("--upgrade", "--user", "--altinstall", "--default-pip"):
        parser.add_argument(option, "-U" if option == "--upgrade" else option, action="store_true")
    parser.add_argument("--root")
    bootstrap(**vars(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
