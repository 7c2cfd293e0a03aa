declare -i n=5+3; echo $n; n=n*2; echo $n
declare -l low=ABC; declare -u up=abc; echo $low $up
declare -r ro=1; ro=2; echo $? $ro
