wait abc; echo $?
wait %9; echo $?
wait 99999; echo $?
