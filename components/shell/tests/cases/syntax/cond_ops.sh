[[ a < b && ! b < a ]] && echo 1; [[ -z '' || x ]] && echo 2; [[ ( a == b ) || a == a ]] && echo 3; [[ abc == a* && abc != "a*" ]] && echo 4; [[ 5 -gt 3 ]] && echo 5; [[ -v HOME ]] && echo 6
