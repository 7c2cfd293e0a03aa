A=1 B=2 sh -c 'echo $A$B'; echo "[$A]"; A=x; A=y sh -c 'echo $A'; echo $A
