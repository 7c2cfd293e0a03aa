: > f; [ -f f ] && echo made
