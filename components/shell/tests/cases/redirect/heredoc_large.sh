x=$(cat <<E
$(seq 1 20000)
E
); echo ${#x}
