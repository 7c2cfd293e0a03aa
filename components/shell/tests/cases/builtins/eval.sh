x='echo "hi there"'; eval $x; eval "y=5; echo \$y"; eval 'false'; echo $?; eval; echo $?
