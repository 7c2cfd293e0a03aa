mkdir -p t/a/b t/c; touch t/1 t/a/2 t/a/b/3; walk() { local f; for f in "$1"/*; do echo "$f"; if [ -d "$f" ]; then walk "$f"; fi; done; }; walk t
