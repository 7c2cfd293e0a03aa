echo 'a $x `b` "c" \n'
