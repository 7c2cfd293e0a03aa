set -e
trap 'echo ERR' ERR
trap 'echo EXIT $?' EXIT
false
echo no
