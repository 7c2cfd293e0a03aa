kill -l NOPE; echo $?
