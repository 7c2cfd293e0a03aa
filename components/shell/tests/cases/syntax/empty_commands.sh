: ; true;; 2>/dev/null || echo err
