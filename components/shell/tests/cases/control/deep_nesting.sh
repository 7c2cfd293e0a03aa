if true; then while true; do for i in 1; do case a in a) { (echo deep); } ;; esac; done; break; done; fi
