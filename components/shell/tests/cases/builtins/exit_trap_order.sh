trap 'echo t' EXIT; f() { exit 2; }; f
