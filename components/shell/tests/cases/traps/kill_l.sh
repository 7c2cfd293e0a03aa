kill -l 1 2 3 9 15
kill -l TERM
kill -l 143
kill -l SIGUSR1
