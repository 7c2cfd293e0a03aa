touch f1 f2; y=*; echo "$y"; echo $y
