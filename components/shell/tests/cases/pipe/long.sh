echo 1 | cat | cat | cat | cat | cat | cat | cat | cat
