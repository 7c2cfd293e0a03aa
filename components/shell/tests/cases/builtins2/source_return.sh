echo 'x=1; return 5; x=2' > s; . ./s; echo $? $x; . ./nosuch; echo $?
