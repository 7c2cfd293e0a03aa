x=$(printf 'c\nb\na\n' | sort | head -1); echo $x
