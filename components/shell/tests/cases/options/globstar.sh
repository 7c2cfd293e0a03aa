shopt -s globstar
mkdir -p a/b; touch a/1 a/b/2
echo **
echo **/
echo a/**
