set -u; echo ${x-ok}; echo $y; echo not
