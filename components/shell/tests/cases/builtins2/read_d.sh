printf 'a:b:c' | { read -d : x; read -d : y; echo $x $y; }
printf 'a\0b\0' | { read -r -d '' x; read -r -d '' y; echo $x$y; }
