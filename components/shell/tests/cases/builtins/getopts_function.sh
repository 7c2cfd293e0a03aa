f() { local OPTIND o; while getopts n: o "$@"; do echo $OPTARG; done; }; f -n 1 -n 2; f -n3
