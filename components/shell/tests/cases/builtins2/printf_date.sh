printf '%(%Y)T\n' 0; printf '%(%F %T)T\n' 86400
