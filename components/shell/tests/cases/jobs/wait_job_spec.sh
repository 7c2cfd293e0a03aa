(exit 4) &
(exit 5) &
wait %1; echo $?
wait %2; echo $?
