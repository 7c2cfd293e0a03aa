trap 'echo trapped' USR1
sh -c "kill -USR1 $$; echo child"
echo next
