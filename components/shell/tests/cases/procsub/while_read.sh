n=0
while read -r l; do n=$((n+1)); last=$l; done < <(printf '%s\n' a b c)
echo $n $last
