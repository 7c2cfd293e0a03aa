x='"q"'; echo $x "$x" '$x' \"$x\"
