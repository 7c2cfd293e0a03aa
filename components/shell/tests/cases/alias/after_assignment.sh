shopt -s expand_aliases
alias p='printenv'
X=5 p X
