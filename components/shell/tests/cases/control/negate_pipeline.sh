! echo a | grep -q b && echo yes
