mkdir d; cd d; cd - > /dev/null; basename $PWD | grep -c .; cd nosuch 2>/dev/null; echo $?; cd d extra; echo $?
