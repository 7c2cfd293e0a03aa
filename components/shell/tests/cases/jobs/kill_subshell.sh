(while :; do sleep 0.01; done) & p=$!; kill $p; wait $p 2>/dev/null; echo $?
