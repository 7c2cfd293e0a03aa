sleep 0.1 &
fg; echo $?
