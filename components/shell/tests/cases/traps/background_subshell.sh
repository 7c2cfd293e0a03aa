{ trap 'echo got; exit 5' TERM; while :; do sleep 0.05; done; } &
sleep 0.3
kill -TERM $!
wait $!
echo $?
