unset x; echo "${x:-"a   b"}" ${x:-"c   d"}
