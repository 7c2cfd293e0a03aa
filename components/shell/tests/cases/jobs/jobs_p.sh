sleep 1 & p=$!
[ "$(jobs -p)" = "$p" ] && echo same
kill $p
