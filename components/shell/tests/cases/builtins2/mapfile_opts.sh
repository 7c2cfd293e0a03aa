mapfile -t -n 2 a <<< $'1\n2\n3'; echo ${a[@]}
mapfile -t -s 1 a <<< $'1\n2\n3'; echo ${a[@]}
mapfile -t -O 5 a <<< x; echo ${!a[@]}
mapfile -d : -t a <<< 'x:y:z'; echo ${#a[@]}
