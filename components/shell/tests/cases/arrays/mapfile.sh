printf 'a\nb c\n' > f; mapfile -t l < f; echo ${#l[@]} "${l[1]}"; readarray -t m < <(printf '1\n2\n'); echo ${m[1]}
