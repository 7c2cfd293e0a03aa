printf '%q ' 'a b' "it's" '' 'x$y' $'\n'; echo
