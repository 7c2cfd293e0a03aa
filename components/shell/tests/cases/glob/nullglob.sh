shopt -s nullglob; echo a no*such b
