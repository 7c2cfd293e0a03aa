sleep 0.1 & a=$!
(sleep 0.1 & b=$!; [ "$a" != "$b" ] && echo differ)
wait
