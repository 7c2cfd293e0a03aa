x=foo/bar/baz.tar.gz; echo ${x#*/} ${x##*/} ${x%.*} ${x%%.*} ${x#nomatch}
