while getopts :xy:z o -xzyfoo -q; do echo "$o:$OPTARG"; done; echo $OPTIND
