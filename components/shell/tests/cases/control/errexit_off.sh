set -e; set +e; false; echo a
