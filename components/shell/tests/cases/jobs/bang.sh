true & p=$!; [ -n "$p" ] && echo ok; wait $p; echo $?
