(exec echo replaced; echo no); (exec nosuchcmd) 2>/dev/null; echo $?
