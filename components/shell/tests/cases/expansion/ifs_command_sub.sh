IFS=,; for i in $(echo a,b c,d); do echo "[$i]"; done
