if mkdir lock 2>/dev/null; then echo got; fi; if mkdir lock 2>/dev/null; then echo again; else echo busy; fi; rmdir lock
