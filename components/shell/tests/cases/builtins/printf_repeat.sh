printf '%s=%d;' a 1 b 2 c; echo
