[ "$$" -gt 0 ] && echo ok; a=$$; b=$(echo $$); [ $a = $b ] && echo same
