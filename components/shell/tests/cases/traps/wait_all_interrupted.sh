trap 'echo usr2' USR2
sleep 5 & pid=$!
(sleep 0.2; kill -USR2 $$) &
wait
echo $?
kill $pid
