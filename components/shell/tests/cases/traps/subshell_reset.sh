trap 'echo parent' EXIT
(echo sub)
(trap 'echo child' EXIT; echo sub2)
echo main
