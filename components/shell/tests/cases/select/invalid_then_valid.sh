select x in a b; do if [ -z "$x" ]; then echo "bad $REPLY"; else echo $x; break; fi; done <<< $'9\n1'
