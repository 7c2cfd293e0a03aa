trap 'echo err $?' ERR
false
true
(exit 3)
if false; then :; fi
false || true
! true
echo end
