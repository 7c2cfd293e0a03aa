coproc cat
echo text >&"${COPROC[1]}"
read -r x <&"${COPROC[0]}"; echo $x
