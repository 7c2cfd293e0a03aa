shopt -p nullglob extglob
shopt -s nullglob; shopt -p nullglob
shopt -q nullglob; echo $?
shopt -q dotglob; echo $?
