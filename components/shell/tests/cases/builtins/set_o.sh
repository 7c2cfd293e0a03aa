set -o errexit; set +o errexit; set -o pipefail; [[ -o pipefail ]] && echo on; set -o nosuch 2>/dev/null; echo $?
