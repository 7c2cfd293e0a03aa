f() { echo in f; }; f > f.out; echo after; cat f.out
