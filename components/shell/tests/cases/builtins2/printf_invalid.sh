printf '%d\n' abc; echo $?; printf '%z\n'; echo $?
