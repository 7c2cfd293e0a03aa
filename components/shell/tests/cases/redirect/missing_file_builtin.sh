echo a < nosuch; echo $?; : > nodir/x || echo failed
