trap 'stop=1' USR1
stop=
n=0
while [ -z "$stop" ]; do n=$((n+1)); [ $n = 3 ] && kill -USR1 $$; done
echo $n
