x=hello; echo ${x[0]} ${#x[@]} "${x[@]}"
