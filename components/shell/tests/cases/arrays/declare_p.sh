a=(1 "b c"); declare -p a; x=5; declare -p x; declare -x y='q"r'; declare -p y
