exec 5< <(printf '1\n2\n')
read -u 5 a; read -u 5 b
echo $a$b
