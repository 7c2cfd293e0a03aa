sleep 5 &
kill %sleep
wait $!
echo $?
