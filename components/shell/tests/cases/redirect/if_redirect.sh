if true; then echo a; fi > f; cat f
