command -v sh > /dev/null && echo ok; hash > /dev/null; echo $?
