set -o pipefail
exit_with() { return $1; }
exit_with 2 | exit_with 3 | true; echo $? ${PIPESTATUS[@]}
