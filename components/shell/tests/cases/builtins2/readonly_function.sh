f() { echo 1; }; readonly -f f; f() { echo 2; }; f
