let 'a = 5 * 2' b=a+1; echo $a $b; let a++; echo $a
