echo x > /dev/stderr; echo y > /dev/stdout
