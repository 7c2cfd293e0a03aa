x='hello World'; echo "${x^}" "${x^^}" "${x,}" "${x,,}" "${x^^[lo]}" "${x~~}"
