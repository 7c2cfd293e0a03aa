seq 1 10 | { s=0; while read n; do ((s+=n)); done; echo sum $s; }
