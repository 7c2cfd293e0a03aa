x=$(printf 'a\n\n\n'); echo "[$x]"; y="$(printf '\n a \n')"; echo "[$y]"
