cat & wait; echo done
