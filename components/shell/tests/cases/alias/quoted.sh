shopt -s expand_aliases
alias e='echo aliased'
\e 2>/dev/null || echo quoted
'e' 2>/dev/null || echo quoted
