export 1x=2 2>/dev/null; echo $?; 1x=2 2>/dev/null; echo $?
