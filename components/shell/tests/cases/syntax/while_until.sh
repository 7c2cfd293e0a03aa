i=0; while ((i<3)); do ((i++)); done; until ((i==0)); do ((i--)); done; echo $i
