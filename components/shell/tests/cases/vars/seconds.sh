SECONDS=100; sleep 0.1; [ $SECONDS -ge 100 ] && [ $SECONDS -lt 103 ] && echo ok
