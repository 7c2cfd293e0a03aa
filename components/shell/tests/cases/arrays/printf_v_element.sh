printf -v 'a[1]' '%03d' 7; echo ${a[1]}
