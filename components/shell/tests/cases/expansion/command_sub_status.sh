x=$(exit 3); echo $?; y=$(false) ; echo $?; z=v$(true); echo $?
