printf '%s-%s\n' a b c; printf '%d %5d|%-5d|%05d\n' 1 2 3 4; printf '%x %X %o %c\n' 255 255 8 hello; printf 'no newline'; printf '\n%%\n'
