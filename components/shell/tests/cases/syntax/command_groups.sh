{ echo a; echo b; } | cat; (cd /; pwd); pwd | grep -c .; { :; }; echo $?
