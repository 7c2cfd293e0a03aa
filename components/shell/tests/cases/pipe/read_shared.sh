printf 'a\nb\nc\n' | { read x; cat; echo "x=$x"; }
