trap 'echo err $?' ERR; false; (exit 3); if false; then :; fi; true; false || true; echo end
