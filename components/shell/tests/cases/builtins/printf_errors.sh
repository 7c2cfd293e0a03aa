printf '%d\n' abc; echo $?; printf '%d\n' 12x; printf '%d %s\n'
