case $- in *e*) echo e;; *) echo no;; esac; set -e; case $- in *e*) echo e;; esac
