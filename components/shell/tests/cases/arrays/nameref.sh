declare -n r=target; target=5; echo $r; r=6; echo $target; f() { local -n o=$1; o=set; }; f res; echo $res
