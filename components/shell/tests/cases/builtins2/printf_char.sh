printf '%d %d %x %o %c%c\n' "'A" '"B' 255 8 hello world
