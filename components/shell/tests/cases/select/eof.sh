select x in a b; do echo $x; done < /dev/null
echo $? "[$x]"
