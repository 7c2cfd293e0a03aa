printf '1\n2\n3\n' > f; n=0; while read l; do n=$((n+l)); done < f; echo $n
