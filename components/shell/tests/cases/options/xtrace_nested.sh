exec 2>&1
set -x
x=$(echo hi)
echo "$x"
