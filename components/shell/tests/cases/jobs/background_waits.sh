# What follows a program in the background still happens, also after the script has ended.
(sleep 1; echo after) &
(trap 'echo trapped' EXIT; sleep 0.6) &
(V=1 sh -c 'exit $((V + 2))') & wait $!; echo $?
V=4 sh -c 'exit $V' & wait $!; echo $?
V=x; V+=y sh -c 'echo $V' & wait
{ sleep 0.1 | cat; exit 5; } & wait $!; echo $?
(exit 6) & wait $!; echo $?
echo done
