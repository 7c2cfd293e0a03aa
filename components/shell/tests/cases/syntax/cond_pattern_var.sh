p='a*'; [[ abc == $p ]] && echo glob; [[ abc == "$p" ]] || echo literal; [[ 'a*' == "$p" ]] && echo same
