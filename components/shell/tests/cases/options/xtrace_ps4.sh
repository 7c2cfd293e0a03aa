exec 2>&1
PS4='+$LINENO: '
set -x
echo a
echo b
set +x
