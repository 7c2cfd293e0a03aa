shopt -s expand_aliases
alias ls='echo ls'
ls x
