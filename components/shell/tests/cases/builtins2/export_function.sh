f() { echo exported; }; export -f f; bash -c f 2>/dev/null || sh -c 'f'
