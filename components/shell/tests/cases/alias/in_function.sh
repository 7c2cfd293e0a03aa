shopt -s expand_aliases
alias g='echo good'
f() { g; }
alias g='echo changed'
f
