echo hello | cat | tr a-z A-Z
