bg; echo $?
