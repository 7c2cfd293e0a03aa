x=$(printf 'a\n\n\n'); echo "[$x]"; echo "$(printf '\n\nb')" | wc -l
