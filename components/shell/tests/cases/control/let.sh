let x=3+4 y=x*2; echo $x $y; let z=0; echo $?
