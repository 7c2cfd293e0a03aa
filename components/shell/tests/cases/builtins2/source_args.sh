echo 'echo "$# $1 $0" | cut -d" " -f1,2; set -- z; echo $1' > s; set -- orig; . ./s a b; echo $1
