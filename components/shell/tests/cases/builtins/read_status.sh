read x < /dev/null; echo $?; printf 'no newline' | { read x; echo $? "$x"; }
