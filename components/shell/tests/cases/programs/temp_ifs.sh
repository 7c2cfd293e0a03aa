old=$IFS; IFS=$'\n'; l=$(printf 'a b\nc d'); for x in $l; do echo "[$x]"; done; IFS=$old
