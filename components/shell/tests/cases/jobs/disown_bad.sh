disown %5; echo $?
