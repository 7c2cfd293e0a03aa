read x < /dev/null; echo $? "[$x]"; printf 'nonl' | { read x; echo $? $x; }
