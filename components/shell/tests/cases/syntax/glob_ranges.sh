touch a1 b2 C3 d_; echo [a-b]* [!a]* [[:digit:]]* ?[0-9] [^a-b]?
