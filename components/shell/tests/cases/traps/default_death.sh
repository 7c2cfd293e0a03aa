sh -c 'kill -TERM $$'; echo $?
sh -c 'kill -INT $$'; echo $?
sh -c 'kill -KILL $$'; echo $?
sh -c 'kill -USR1 $$'; echo $?
