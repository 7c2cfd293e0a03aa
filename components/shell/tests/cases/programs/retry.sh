n=0; try() { ((++n >= 3)); }; until try; do echo "attempt $n"; done; echo "ok after $n"
