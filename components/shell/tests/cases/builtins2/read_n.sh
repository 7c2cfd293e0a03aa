read -n 3 x <<< abcdef; echo $x; read -N 4 y <<< 'a b
c'; echo "[$y]"
