set -m
sh -c 'sleep 0.2; exit 6' &
fg > /dev/null
echo $?
