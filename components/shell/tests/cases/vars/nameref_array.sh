a=(1 2 3); declare -n r=a; r[1]=x; echo "${r[@]}" ${#r[@]}
declare -n e='a[2]'; echo $e
