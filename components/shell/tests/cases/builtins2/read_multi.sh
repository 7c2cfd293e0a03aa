read a b c <<< '1 2 3 4 5'; echo "$a|$b|$c"; read a b <<< 'only'; echo "[$a][$b]"
