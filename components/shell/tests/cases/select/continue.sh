select x in a b c; do [ "$REPLY" = 1 ] && continue; echo $x; break; done <<< $'1\n3'
