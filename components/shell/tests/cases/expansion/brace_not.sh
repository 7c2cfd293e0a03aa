echo {a} {} {a..} {1..b} '{a,b}' \{a,b} {a,b "{a,b}" a{,
