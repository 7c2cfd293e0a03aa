readonly R1=a; readonly -a RA=(1 2)
readonly -p | grep -E ' R1| RA'
unset R1; echo $?
