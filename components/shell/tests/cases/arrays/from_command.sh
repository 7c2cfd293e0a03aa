a=($(echo 1 2 3)); echo ${#a[@]}; b=(*); echo ${#b[@]}
