"""The interpreter's front: CPython's command line, its standard library in memory, processes and modes."""
