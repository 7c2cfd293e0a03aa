coproc { read x; echo "got $x"; }
echo hello >&"${COPROC[1]}"
read line <&"${COPROC[0]}"
echo "$line"
wait
