x=abcdefgh; n=2; m=3; echo ${x:n:m} ${x:$n:$m} ${x:n+1} ${x:n>1?4:0}
