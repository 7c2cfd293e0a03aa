for i in a b "c d"; do echo "$i"; done; for i in; do echo no; done; for x in 1 2; do :; done; echo $x
