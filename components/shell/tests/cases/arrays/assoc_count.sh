declare -A c; for w in a b a c a; do ((c[$w]++)); done; for k in $(echo ${!c[@]} | tr ' ' '\n' | sort); do echo $k=${c[$k]}; done
