read <<< '  spaces kept  '; echo "[$REPLY]"
