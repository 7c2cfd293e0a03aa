a=1; a+=2; echo $a; declare -i n=1; n+=2; echo $n; arr=(1); arr+=(2 3); arr[0]+=x; echo ${arr[@]}
declare -A m; m[a]=1; m+=([b]=2); m[a]+=z; echo ${m[a]} ${m[b]}
