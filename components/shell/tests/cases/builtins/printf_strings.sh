printf '[%10s][%-10s][%.2s][%5.1s]\n' abc abc abc abc; printf '%s\n' "a b" c; printf '%b' 'x\ty\n'; printf '%s' ; echo
