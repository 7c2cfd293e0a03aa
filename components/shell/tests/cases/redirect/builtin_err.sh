cd /nonexistent 2> e; echo $?; wc -l < e | tr -d ' '
