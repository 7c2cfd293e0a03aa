{ echo a; echo b; } > f; cat f; { read x; read y; } < f; echo $y $x
