set -eu
case $- in *e*u*) echo both;; *) echo "$-";; esac
set +e
case $- in *e*) echo still;; *) echo off;; esac
