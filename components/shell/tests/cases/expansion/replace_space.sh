x="a b c"; echo "${x// /_}" "${x// }"
