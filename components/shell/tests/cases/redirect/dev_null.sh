echo x > /dev/null; cat < /dev/null; ls nosuch 2>/dev/null; echo $?
