(sleep 0.4; exit 1) & (sleep 0.1; exit 2) &
wait -n; echo $?
wait -n; echo $?
wait -n; echo $?
