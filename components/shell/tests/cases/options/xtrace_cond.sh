exec 2>&1
set -x
x=5
[[ $x == 5 && -n a ]]
((x > 3))
case $x in 5) :;; esac
