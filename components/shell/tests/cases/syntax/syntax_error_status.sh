sh -c 'if'; echo $?; sh -c 'echo (' ; echo $?; sh -c 'fi'; echo $?; eval 'if' 2>/dev/null; echo $?
