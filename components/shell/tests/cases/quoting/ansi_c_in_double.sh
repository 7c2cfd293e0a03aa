echo "$'a'"
