touch "a b" "a c"; for f in a*; do echo "[$f]"; done
