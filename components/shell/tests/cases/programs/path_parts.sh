p=/a/b/c.tar.gz; d=${p%/*}; b=${p##*/}; e=${b#*.}; n=${b%%.*}; echo $d $b $e $n
