declare -i n=5+3; echo $n; n+=2; echo $n; declare -u U=abc; echo $U; declare -l L=ABC; echo $L; declare -r R=1; declare -x E=env; sh -c 'echo $E'
