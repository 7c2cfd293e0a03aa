x=$(cat <(echo a b)); echo "[$x]"
