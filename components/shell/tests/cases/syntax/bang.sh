! false && echo 1; ! true || echo 2; ! ! true; echo $?
