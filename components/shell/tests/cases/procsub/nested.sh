cat <(cat <(echo inner))
