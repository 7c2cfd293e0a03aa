shopt -s expand_aliases
alias begin='{' end='}'
begin echo in; end
