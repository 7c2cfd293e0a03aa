false && true; echo $?; true && (exit 7); echo $?; ! true; echo $?; ! false; echo $?
