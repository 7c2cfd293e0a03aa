echo "$(basename "${BASH_SOURCE[0]}")" | grep -c .
f() { echo "${#BASH_SOURCE[@]} ${FUNCNAME[0]} ${FUNCNAME[1]}"; }
f
