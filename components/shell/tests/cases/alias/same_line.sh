shopt -s expand_aliases
alias a1='echo one'; a1 2>/dev/null || echo not yet
a1
