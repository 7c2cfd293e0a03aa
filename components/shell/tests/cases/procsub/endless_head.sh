head -n 2 < <(yes)
