trap 'echo x' USR1
trap - USR1
sh -c 'trap "echo y" USR1; trap - USR1; kill -USR1 $$'
echo $?
