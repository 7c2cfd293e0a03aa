echo hello > f; exec 3<> f; read -n 2 x <&3; echo $x; exec 3>&-
