printf '%q\n' 'a b' '' "it's" 'x$y' abc $'t\tq' 'a=b' '~x' 'a#b' '#a'
