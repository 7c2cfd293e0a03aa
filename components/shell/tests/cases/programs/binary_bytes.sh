printf 'a\xffb' > f; x=$(cat f); printf %s "$x" > g; [ "$(cksum < f)" = "$(cksum < g)" ] && echo same
