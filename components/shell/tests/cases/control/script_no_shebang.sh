printf 'echo "args $# $1"\n' > s; chmod +x s; ./s a b
