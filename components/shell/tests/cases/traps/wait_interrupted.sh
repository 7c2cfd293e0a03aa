trap 'echo usr1' USR1
sleep 5 &
pid=$!
(sleep 0.2; kill -USR1 $$) &
wait $pid
echo $?
kill $pid
