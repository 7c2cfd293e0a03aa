(exit 1) & a=$!; (exit 2) & b=$!; wait $a; echo $?; wait $b; echo $?
