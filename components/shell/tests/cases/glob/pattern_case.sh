for w in abc a.c '[x]' '*'; do case $w in a[b]c) echo 1;; "a.c") echo 2;; \[x]) echo 3;; '*') echo 4;; esac; done
