f() { declare v=1; declare -g g=2; }; f; echo "[$v][$g]"
