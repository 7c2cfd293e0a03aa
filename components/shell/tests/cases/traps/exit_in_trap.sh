trap 'exit 7' USR1
kill -USR1 $$
echo no
