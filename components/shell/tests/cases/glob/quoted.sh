touch a b; echo "*" '*' \* a"*"
