a=(1 2 3); n='a[1]'; echo ${!n}; n='a[@]'; echo "${!n}"
