:; echo $?; true; echo $?; false; echo $?; : ${x:=set}; echo $x
