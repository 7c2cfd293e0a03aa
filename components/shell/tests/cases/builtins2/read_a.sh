read -ra w <<< 'one two  three'; echo ${#w[@]} ${w[2]}
IFS=, read -ra w <<< 'a,b,,c'; echo ${#w[@]} "[${w[2]}]"
