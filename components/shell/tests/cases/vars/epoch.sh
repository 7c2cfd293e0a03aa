[ $EPOCHSECONDS -gt 1600000000 ] && echo ok
[[ $EPOCHREALTIME =~ ^[0-9]+\.[0-9]{6}$ ]] && echo real
