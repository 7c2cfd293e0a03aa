cb() { echo "cb $1 $2" | tr -d '\n'; echo; }
mapfile -t -c 2 -C cb a <<< $'1\n2\n3\n4'
