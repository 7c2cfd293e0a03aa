printf '1\n2\n' > f; exec 5< f; read -u 5 a; read -u 5 b; echo $a$b
