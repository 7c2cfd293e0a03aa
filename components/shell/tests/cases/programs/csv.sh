printf 'name,age\nbob,30\namy,25\n' > d.csv; { read; while IFS=, read -r n a; do echo "$n is $a"; done; } < d.csv
