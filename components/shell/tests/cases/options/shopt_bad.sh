shopt -s nosuch; echo $?
set -o nosuch; echo $?
