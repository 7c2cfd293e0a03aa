f() { return 300; }; f; echo $?; g() { return; }; false; g; echo $?; h() { false; return; }; h; echo $?
