alias b='echo b' a="it's"
alias
alias a
alias nope; echo $?
