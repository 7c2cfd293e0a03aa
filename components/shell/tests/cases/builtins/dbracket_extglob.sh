[[ foo.tar == *.@(tar|zip) ]] && echo 1; [[ 123 == +([0-9]) ]] && echo 2; [[ abc != !(abc) ]] && echo 3
