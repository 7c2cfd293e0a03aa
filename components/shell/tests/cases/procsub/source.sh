source <(echo 'y=5; f() { echo f$1; }')
f $y
