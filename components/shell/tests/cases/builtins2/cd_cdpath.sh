mkdir -p x/y; CDPATH=x; cd y > /dev/null; basename $PWD
