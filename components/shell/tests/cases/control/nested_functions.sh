f() { g() { echo inner $1; }; g $1; }; f x; g y
