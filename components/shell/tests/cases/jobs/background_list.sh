true && echo a & wait; { echo b; echo c; } & wait
