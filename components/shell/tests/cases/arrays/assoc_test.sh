declare -A m=([x]=1); [[ -v m[x] ]] && echo has; [[ -v m[y] ]] || echo not; echo ${m[y]-def}
