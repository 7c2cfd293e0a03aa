exec 2>&1
set -x
a=1
echo $a "b c" 'd'
[ 1 = 1 ]
for i in 1 2; do :; done
set +x
