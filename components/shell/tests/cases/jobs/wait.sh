sleep 0.05 & wait; echo $?; (exit 3) & wait $!; echo $?
