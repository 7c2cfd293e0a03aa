unset x; y=; z=1; echo "[${x+a}]" "[${y+b}]" "[${y:+c}]" "[${z:+d}]"
