set -euo pipefail; x=${1:-default}; echo "$x"; y=$(echo ok | tr a-z A-Z); echo $y; [[ -n $y ]] && echo fine; false; echo no
