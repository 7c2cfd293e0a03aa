echo -n a; echo b; echo -e 'x\ty\\z'; echo -E 'x\ty'; echo -ne 'q\n'; echo - -x; echo -nx; echo -e 'a\cb'; echo; echo -e '\x41\0102'
