echo a & wait; echo b
{ echo c; } & wait
( echo d ) & wait
