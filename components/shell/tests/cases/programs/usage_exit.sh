usage() { echo "usage: x" >&2; exit 64; }; [ $# -eq 1 ] || usage; echo no
