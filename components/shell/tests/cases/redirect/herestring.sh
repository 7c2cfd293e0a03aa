cat <<< "hello $((1+1))"; x="a  b"; cat <<< $x; tr a b <<< aaa
