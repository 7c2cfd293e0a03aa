unset x; echo "${x:-a\}b}" "${x:-\$y}"
