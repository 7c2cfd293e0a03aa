exec 2>&1
set -v
echo a
# comment
echo b
