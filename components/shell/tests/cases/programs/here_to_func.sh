filter() { while read -r l; do [[ $l == *keep* ]] && echo "$l"; done; return 0; }; filter <<E
keep 1
drop 2
keep 3
E
