printf 'a\tb\\c\101\x41\n'; printf '%s\n' 'a\tb'; printf "%d\n" "'A"; printf '%*d|%-*d|\n' 5 42 4 7
