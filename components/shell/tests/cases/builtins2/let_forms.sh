let x=5 y=x+1; echo $x $y; let 'x > 3'; echo $?; let x=0; echo $?
