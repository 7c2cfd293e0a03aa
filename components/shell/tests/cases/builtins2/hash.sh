hash ls; hash -t ls > /dev/null; echo $?; hash nosuch; echo $?; hash -r; hash
