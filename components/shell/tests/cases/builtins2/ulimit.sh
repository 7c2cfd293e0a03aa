ulimit -n > /dev/null; echo $?; ulimit -c 0; echo $?; ulimit -Z; echo $?
