declare -i n=1; declare +i n; n=1+1; echo $n
declare -x X=1; declare +x X; sh -c 'echo "[$X]"'
