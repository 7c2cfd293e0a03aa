unset x; echo "${x:-'a  b'}" "${x:-it\'s}"
