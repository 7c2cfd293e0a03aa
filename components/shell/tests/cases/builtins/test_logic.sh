[ a = a -a b = b ] && echo 1; [ a = b -o b = b ] && echo 2; [ \( a = a \) ] && echo 3; [ ! a = b ] && echo 4; [ -n "" -o -z "" ] && echo 5
