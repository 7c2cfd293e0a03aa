touch 1.t 2.t; for f in *.t; do echo "<$f>"; done
