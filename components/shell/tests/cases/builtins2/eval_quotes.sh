x='echo "a  b"'; eval $x; eval "$x"; eval 'y=1; echo $y'; eval; echo $?
