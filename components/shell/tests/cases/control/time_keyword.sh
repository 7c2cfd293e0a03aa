time -p true 2>/dev/null; { time echo timed; } 2>/dev/null
