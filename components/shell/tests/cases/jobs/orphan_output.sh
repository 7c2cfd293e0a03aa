sh -c '(sleep 0.1; echo late) & echo now' | cat; echo end
