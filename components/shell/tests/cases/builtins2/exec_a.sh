(exec -a name env true); echo $?
