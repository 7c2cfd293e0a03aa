read x <<'E'
a\
b
E
echo "$x"
