while getopts :a: o -a; do echo "$o $OPTARG"; done
