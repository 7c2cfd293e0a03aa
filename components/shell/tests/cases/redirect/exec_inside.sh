# What `exec` opens or closes stays, wherever it is said; only the redirections of the command around it are undone.
echo line > f
eval "exec 3< f"; read x <&3 && echo "1 $x"
g() { exec 4< f; }; g; read x <&4 && echo "2 $x"
{ exec 5< f; } 2> /dev/null; read x <&5 && echo "3 $x"
h() { exec 6< f; echo in h; }; h > out 6< /dev/null; read x <&6 && echo "4 $x"; cat out
echo 'exec 7< f' > s; . ./s; read x <&7 && echo "5 $x"
if true; then exec 8< f; fi; read x <&8 && echo "6 $x"
i() { exec 3<&-; }; i; read x <&3 || echo closed
while read -r y; do exec 9< f; done < f; read x <&9 && echo "7 $x"
