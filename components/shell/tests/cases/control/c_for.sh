for ((i=0; i<3; i++)); do echo $i; done; for ((i=5,j=0; i>j; i--,j++)); do echo $i $j; done
