echo a | while read x; do echo "got $x"; done
