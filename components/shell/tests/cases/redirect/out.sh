echo a > f; echo b >> f; cat f; > f; cat f; echo done
