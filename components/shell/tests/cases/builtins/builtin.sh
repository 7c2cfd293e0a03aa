cd() { echo mine; }; cd /; builtin cd /; pwd
