echo -n a; echo -e 'b\tc\\'; echo -E 'x\ty'; echo -ne 'z\n'; echo -x; echo -e '\x41\u00e9\0101\e[0m' | od -An -tx1 | tr -s ' '
