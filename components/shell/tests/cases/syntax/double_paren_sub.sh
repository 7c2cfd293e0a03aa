(( 1 )) && echo yes; ((0)) || echo no; ( (echo sub) ); $( (echo echo) ) x
