set -u; echo "$@" $# "$*" ok
