declare -A m=([a]=1 [b c]=2); echo "${m[a]}" "${m[b c]}" ${#m[@]}; m+=([d]=3); echo ${#m[@]}
