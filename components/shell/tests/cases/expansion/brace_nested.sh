echo {a,{b,c},d} {a{1,2},b} pre{,fix}
