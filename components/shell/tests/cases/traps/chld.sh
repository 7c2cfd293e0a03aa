trap 'echo chld' CHLD
sh -c 'exit 0'
trap - CHLD
echo end
