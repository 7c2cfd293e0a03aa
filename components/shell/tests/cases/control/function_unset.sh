f() { echo a; }; unset -f f; f 2>/dev/null; echo $?
