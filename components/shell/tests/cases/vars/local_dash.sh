f() { local -; set -f; echo *nomatch*; }; f; case $- in *f*) echo still;; *) echo restored;; esac
