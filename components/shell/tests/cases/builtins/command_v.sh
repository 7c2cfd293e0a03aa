f() { :; }; command -v f; command -v if; command -v cat > /dev/null && echo found; command -v nosuch_x || echo no
