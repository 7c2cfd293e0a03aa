set -u
echo ${x:-def}
(echo $x); echo $?
a=(); echo "${a[@]}"
