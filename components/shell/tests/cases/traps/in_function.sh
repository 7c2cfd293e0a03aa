f() { trap 'echo set in f' USR1; }
f
kill -USR1 $$
