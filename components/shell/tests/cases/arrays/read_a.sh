read -a w <<< "one two three"; echo ${#w[@]} ${w[2]}; IFS=: read -ra p <<< a:b:c; echo ${p[1]}
