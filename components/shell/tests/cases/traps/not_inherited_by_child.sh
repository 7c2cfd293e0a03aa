trap 'echo mine' TERM
sh -c 'kill -TERM $$; echo not reached'
echo $?
