set -x; echo a; set +x; echo b
