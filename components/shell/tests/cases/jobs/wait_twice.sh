(exit 9) & p=$!
wait $p; echo $?
wait $p; echo $?
