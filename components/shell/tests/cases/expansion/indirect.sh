a=b; b=c; echo ${!a}; n=2; set -- x y z; echo ${!n}; arr=(p q); r='arr[1]'; echo ${!r}
