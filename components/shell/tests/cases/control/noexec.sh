set -n; echo a
