f() { echo "v=$V"; }; V=1 f; echo "[$V]"
