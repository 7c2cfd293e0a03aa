sh -c 'echo "abc' 2>/dev/null; echo $?
