echo 'v=sourced; echo args $1; return 3' > s; . ./s A; echo $? $v; source ./s B; . ./nosuch 2>/dev/null; echo $?
