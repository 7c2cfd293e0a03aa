x=1; unset x; echo "[$x]"; f() { :; }; unset f; type f > /dev/null 2>&1 || echo gone; unset -v nope; echo $?
