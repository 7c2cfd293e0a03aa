set -m
sleep 2 & sleep 3 &
jobs
kill %1 %2
wait
echo done
