printf 'the cat the dog\nthe end\n' | tr ' ' '\n' | sort | uniq -c | sort -rn | while read n w; do echo "$w $n"; done | head -1
