read -t 0.1 x < <(sleep 1); echo $(( $? > 128 ))
read -t 1 x <<< quick; echo $? $x
