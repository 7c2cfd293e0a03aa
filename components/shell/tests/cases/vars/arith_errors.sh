echo $((1+)); echo next $?
