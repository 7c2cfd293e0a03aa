a=1 b=2
declare -n n
for n in a b; do echo $n; n=9; done
echo $a $b
