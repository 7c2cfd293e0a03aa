x=$(cat <<E
in sub
E
); echo "$x"
