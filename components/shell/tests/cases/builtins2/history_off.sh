history; echo $?
