sleep 0.3 & p=$!
kill -STOP $p
kill -CONT $p
wait $p
echo $?
