set -- a b c; for x in "p$@s"; do echo "$x"; done; set --; for x in "p$@s"; do echo "$x"; done
