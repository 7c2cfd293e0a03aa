(exit 4) & wait -n; echo $?
