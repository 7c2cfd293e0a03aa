[[ "ab 12" =~ ^[[:alpha:]]+[[:space:]][[:digit:]]{2}$ ]] && echo yes; [[ "x@y.z" =~ ^[a-z]+@[a-z]+\.[a-z]+$ ]] && echo mail
