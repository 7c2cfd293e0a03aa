set -- a b; shift 3; echo $? $#; shift 2; echo $? $#; shift -1; echo $?
