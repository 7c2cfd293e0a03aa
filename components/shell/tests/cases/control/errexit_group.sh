set -e; { false; echo x; } && echo y; echo z; { false; echo no; }
