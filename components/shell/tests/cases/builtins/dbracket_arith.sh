[[ 1 -lt 2 && 10 -gt 9 ]] && echo 1; x=5; [[ x -eq 5 ]] && echo 2; [[ 1+1 -eq 2 ]] && echo 3
