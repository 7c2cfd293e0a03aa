echo "a b c" > f; read x < f; echo $x; read x y < f; echo "$y"; read -r z <<< 'a\tb'; echo "$z"; read w <<< 'a\tb\\c'; echo "$w"; read < f; echo "$REPLY"
