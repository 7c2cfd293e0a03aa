x=$(cat <<E
in ) here "quote
E
); echo "$x"
