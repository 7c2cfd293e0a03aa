sleep 1 &
jobs -r
jobs -s
kill %1
