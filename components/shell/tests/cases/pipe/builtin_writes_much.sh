for i in $(seq 1 5000); do echo "line number $i of the output"; done | tail -1
