exec 3> f; echo to3 >&3; exec 3>&-; cat f; exec 4< f; read x <&4; echo $x; exec 4<&-
