shopt -s expand_aliases
alias q='echo q'
q
unalias q
q 2>/dev/null || echo gone
