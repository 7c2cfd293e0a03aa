printf 'a\xffb' > f; x=$(cat f); printf %s "$x" > g; cmp f g && echo same
