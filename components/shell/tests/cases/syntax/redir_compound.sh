while read x; do echo "-$x"; done <<< $'a\nb' > f; cat f; if true; then echo t; fi >> f; for i in 1; do echo $i; done >> f; cat f
