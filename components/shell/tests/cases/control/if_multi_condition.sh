if true; false; then echo a; else echo b; fi; if ! false && true; then echo c; fi
