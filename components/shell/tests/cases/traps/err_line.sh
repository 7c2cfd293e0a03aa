trap 'echo "line $LINENO"' ERR
true
false
true
false
