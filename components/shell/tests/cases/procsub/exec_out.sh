exec 3> >(sed 's/^/> /')
echo one >&3; echo two >&3
exec 3>&-
wait
