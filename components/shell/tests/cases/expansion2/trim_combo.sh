f=/a/b.c/d.tar.gz; echo ${f##*/} ${f%/*} ${f#*.} ${f%%.*} ${f%.*}; x=aXbXc; echo ${x/X} ${x//X} ${x/#a/z} ${x/%c/z}
