( echo ${x:?is missing} ) 2>/dev/null; echo after $?
