exec 3>&1; echo to3 >&3; { echo a >&4; } 4>&1; exec 3>&-; echo x >&3; echo $?
