x=1; export x; sh -c 'echo $x'; export y=2 z="a b"; sh -c 'echo $y $z'; unset x; sh -c 'echo [$x]'; w=5; sh -c 'echo [$w]'
