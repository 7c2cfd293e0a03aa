trap 'echo usr1' 10
trap 'echo zero' 0
kill -10 $$
trap -p
