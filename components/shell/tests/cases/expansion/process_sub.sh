cat <(echo a) <(echo b); sort <(printf '2\n1\n')
