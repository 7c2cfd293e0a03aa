echo 'echo $#' > s; set -- a b; . ./s; . ./s x; echo $#
