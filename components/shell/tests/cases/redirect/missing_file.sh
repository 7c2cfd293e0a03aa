cat < nosuch 2>/dev/null; echo $?; echo x > nodir/f; echo $?
