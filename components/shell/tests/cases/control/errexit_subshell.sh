set -e; (false; echo no) || echo a; (false); echo no
