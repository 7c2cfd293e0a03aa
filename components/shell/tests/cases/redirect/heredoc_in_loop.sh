for i in 1 2; do cat <<E
line $i
E
done
