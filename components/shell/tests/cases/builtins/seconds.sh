SECONDS=0; [ $SECONDS -lt 5 ] && echo ok
