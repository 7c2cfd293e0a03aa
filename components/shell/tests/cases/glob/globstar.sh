mkdir -p p/q; touch p/1 p/q/2; shopt -s globstar; echo p/** ; echo **/2
