shopt -s expand_aliases
alias a=b b='echo c'
a
