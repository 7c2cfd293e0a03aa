shopt -s lastpipe
echo hi | read x
echo "[$x]"
