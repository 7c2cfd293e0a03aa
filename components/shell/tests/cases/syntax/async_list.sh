true & wait; echo $?; { false; } & wait $!; echo $?
