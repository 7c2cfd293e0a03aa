( (echo a); (echo b) ); ((1)) && echo c
