# A script ends although programs that it left in the background go on, however they were started.
(OWN=v sleep 60 > log 2>&1 &)
OWN=v sleep 60 > /dev/null 2>&1 &
(cd / && OWN=v sleep 60) > /dev/null 2>&1 &
{ true; sleep 60; } > /dev/null 2>&1 &
(true; (sleep 60)) > /dev/null 2>&1 &
(sleep 60 2>&1 | cat > /dev/null) > /dev/null 2>&1 &
false || sleep 60 > /dev/null 2>&1 &
cat log
echo done
