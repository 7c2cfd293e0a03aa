read -n 2 x <<< abcd; echo $x; read -d : y <<< a:b; echo $y; read -N 3 z <<< 'a b c'; echo "[$z]"; read -t 1 t <<< in; echo $t
