x=$(echo a # it's a comment )
echo b); echo "$x"
