for i in {1..15}; do o=; ((i%3)) || o=Fizz; ((i%5)) || o+=Buzz; echo -n "${o:-$i} "; done; echo
