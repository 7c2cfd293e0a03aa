sh -c 'echo $0 $1 $#' name a b
