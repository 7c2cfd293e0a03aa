seq 1 100000 | tail -1; seq 1 50000 | while read n; do [ $n = 40000 ] && echo $n; done
