sh -c 'sleep 1 > /dev/null & echo now'; echo end
