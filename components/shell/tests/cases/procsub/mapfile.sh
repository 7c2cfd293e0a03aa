mapfile -t a < <(seq 3)
echo "${#a[@]} ${a[2]}"
