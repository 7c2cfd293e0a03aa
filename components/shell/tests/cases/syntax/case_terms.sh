case a in a) echo 1;& b) echo 2;;& a) echo 3;; c) echo 4;; esac
case x in [[:upper:]]) echo up;; [[:lower:]]) echo low;; esac
