for i in 1 2 3 4; do (sleep 0.0$i; echo $i > $i) & done; wait; cat 1 2 3 4
