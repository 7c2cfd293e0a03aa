a=(1 2); a+=(3 "4 5"); echo ${#a[@]} "${a[3]}"; a[0]+=x; echo ${a[0]}; s=ab; s+=cd; echo $s
