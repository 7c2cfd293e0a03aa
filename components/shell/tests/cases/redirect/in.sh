printf 'x\ny\n' > f; cat < f; read v < f; echo $v
