echo() { builtin echo function; }
echo x; command echo y
