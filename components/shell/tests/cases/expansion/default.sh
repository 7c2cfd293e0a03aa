unset x; y=; echo "${x-a}" "${y-b}" "${x:-c}" "${y:-d}"
