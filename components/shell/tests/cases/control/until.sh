i=0; until [ $i -ge 2 ]; do echo $i; ((i++)); done
