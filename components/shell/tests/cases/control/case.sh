for x in apple banana cherry dog; do case $x in a*) echo A;; b*|c*) echo BC;; *) echo other;; esac; done
