s="a 'b' \"c\" \$d \\e"; eval "t=$(printf '%q' "$s")"; [ "$s" = "$t" ] && echo same
