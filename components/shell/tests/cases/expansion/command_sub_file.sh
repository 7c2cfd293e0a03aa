echo content > f; x=$(<f); echo "[$x]"
