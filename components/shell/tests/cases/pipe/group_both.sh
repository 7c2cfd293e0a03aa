{ echo b; echo a; } | { sort; echo end; }
