((3>2)) && echo yes; ((0)) || echo no; x=5; ((x+=2, x*=2)); echo $x; (( x == 14 )); echo $?
