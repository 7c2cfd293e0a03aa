coproc UP { while read -r l; do echo "${l^^}"; done; }
echo one >&"${UP[1]}"; read -r a <&"${UP[0]}"
echo two >&"${UP[1]}"; read -r b <&"${UP[0]}"
echo "$a $b"
[ "$UP_PID" = "$!" ] && echo pid
