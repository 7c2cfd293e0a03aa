sleep 5 & kill -9 $!; wait $!; echo $?
sleep 5 & kill -INT $!; kill $!; wait $!; echo $?
