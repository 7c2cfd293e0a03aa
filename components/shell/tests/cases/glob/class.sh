touch a b c d1 d2 Z; echo [ab] [!ab] d[0-9] [a-c] [[:digit:]]* [[:upper:]]
