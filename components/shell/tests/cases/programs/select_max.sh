max() { local m=$1; shift; for x; do ((x>m)) && m=$x; done; echo $m; }; max 3 9 2
