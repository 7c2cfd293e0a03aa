function foo { echo foo $1; }; function bar() { echo bar $1; }; foo 1; bar 2
