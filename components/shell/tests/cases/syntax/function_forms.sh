function f { echo f; }; function g() { echo g; }; h() (echo h); i() if true; then echo i; fi
f; g; h; i
