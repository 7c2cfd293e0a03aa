AB1=x AB2=y
echo ${!AB*} "${!AB@}"
