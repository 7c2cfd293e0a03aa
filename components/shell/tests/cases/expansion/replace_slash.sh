p=/usr/local/bin; echo ${p//\//_} "${p//\//:}" ${p////.}
