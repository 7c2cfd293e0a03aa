cat <<< "a  b"; cat <<< $'x\ny'; read x <<< word; echo $x; tr a-z A-Z <<< abc
