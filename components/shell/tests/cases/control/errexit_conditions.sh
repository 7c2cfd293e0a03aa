set -e; if false; then :; fi; false || true; ! true; while false; do :; done; echo ok; false && true; echo still
