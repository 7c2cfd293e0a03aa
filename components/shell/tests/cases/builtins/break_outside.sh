break 2>/dev/null; echo $?
