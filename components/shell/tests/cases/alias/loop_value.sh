shopt -s expand_aliases
alias each='for i in'
each 1 2; do echo $i; done
