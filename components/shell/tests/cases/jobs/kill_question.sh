sleep 5.5 &
kill %?5.5
wait $!; echo $?
