declare -A m=(["a b"]=1 [c]=2)
for k in "${!m[@]}"; do echo "$k"; done | sort
[[ -v m[c] ]] && echo has; unset 'm[c]'; [[ -v m[c] ]] || echo hasnot; echo ${#m[@]}
