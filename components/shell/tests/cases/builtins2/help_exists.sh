help > /dev/null; echo $?
