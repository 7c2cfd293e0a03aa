{ echo a; } < nosuch; echo $?; while read x; do echo $x; done < nosuch; echo $?
