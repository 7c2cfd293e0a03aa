case a in a) echo 1;& b) echo 2;; c) echo 3;; esac; case a in a) echo 4;;& [a-z]) echo 5;;& b) echo 6;; *) echo 7;; esac
