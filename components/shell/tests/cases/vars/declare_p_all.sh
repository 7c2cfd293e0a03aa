declare -a arr=(1 "two 3"); declare -A m=([k]=v); declare -i i=3; declare -x e=env
declare -p arr m i e
