while getopts ':ab:c' o -a -b val -c -x -b; do case $o in a|c) echo $o;; b) echo b=$OPTARG;; :) echo missing $OPTARG;; \?) echo bad $OPTARG;; esac; done; echo $OPTIND
