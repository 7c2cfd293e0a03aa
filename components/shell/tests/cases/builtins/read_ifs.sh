IFS=: read a b c <<< "1:2:3:4"; echo $a $b $c; IFS= read -r l <<< "  keep  "; echo "[$l]"; read x <<< "  trim  "; echo "[$x]"; IFS=, read p q <<< "a,,b"; echo "[$p][$q]"
