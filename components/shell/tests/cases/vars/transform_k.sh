declare -A m=([a]="1 2"); echo "${m[@]@K}"
a=(x y); echo "${a[@]@K}"
