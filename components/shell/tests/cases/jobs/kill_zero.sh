sleep 5 & kill -0 $! && echo alive; kill $!; wait 2>/dev/null; echo ok
