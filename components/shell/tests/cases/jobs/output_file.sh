(echo x; sleep 0.02; echo y) > f & wait; cat f
