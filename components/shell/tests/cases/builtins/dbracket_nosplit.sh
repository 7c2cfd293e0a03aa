x="a b"; [[ $x == "a b" ]] && echo 1; [[ $nope == "" ]] && echo 2; [[ -n $x ]] && echo 3; [[ $x ]] && echo 4; y='*'; [[ abc == $y ]] && echo 5
