up() { tr a-z A-Z; }; ex() { sed 's/$/!/'; }; echo hi | up | ex
