[ a \< b ] && echo lt; [ -n x -a -z '' ] && echo and; [ ! -e nosuch -o 1 -eq 2 ] && echo or; [ \( 1 = 1 \) ] && echo paren; test; echo $?
touch f; [ -f f -a -r f ] && echo file; [ f -nt nosuch ] && echo newer; [ -t 0 ] || echo notty; [ -o errexit ] || echo off
