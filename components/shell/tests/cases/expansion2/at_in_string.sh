set -- 1 2; echo "a$@b" "a$*b"; for x in "p$@s"; do echo "<$x>"; done
