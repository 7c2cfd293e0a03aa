RANDOM=5; a=$RANDOM; RANDOM=5; b=$RANDOM; [ $a = $b ] && echo repeat
[ $RANDOM -ge 0 ] && [ $RANDOM -le 32767 ] && echo range
