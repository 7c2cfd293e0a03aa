(exit 3) & 
wait -n -p who
echo $? $([ "$who" = "$!" ] && echo same)
