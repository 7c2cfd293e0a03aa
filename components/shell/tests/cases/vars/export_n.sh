export A=1; export -n A; sh -c 'echo "[$A]"'; echo $A
