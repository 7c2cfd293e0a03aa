x="a b"; echo "$(echo "$x" "c  d")"
