trap 'echo bye' EXIT
trap 'echo term; exit 3' TERM
kill -TERM $$
