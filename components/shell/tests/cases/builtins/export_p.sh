export QQ=1; export -p | grep QQ
