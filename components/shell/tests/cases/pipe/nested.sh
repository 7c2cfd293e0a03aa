echo $(echo a | (cat; echo b) | cat)
