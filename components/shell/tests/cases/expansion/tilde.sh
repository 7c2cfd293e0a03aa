HOME=/home/me; echo ~ ~/x "~" a~ x=~ ; y=~/z; echo $y; p=~/a:~/b; echo $p
