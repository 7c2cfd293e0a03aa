{ echo a; echo b >&2; } |& sort
