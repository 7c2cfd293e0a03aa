time true 2>/dev/null; echo $?
{ time sleep 0.1; } 2>&1 | grep -c real
