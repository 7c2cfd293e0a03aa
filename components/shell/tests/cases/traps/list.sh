trap 'echo a' INT
trap 'echo b' EXIT
trap 'echo c' TERM
trap '' HUP
trap
trap - EXIT
