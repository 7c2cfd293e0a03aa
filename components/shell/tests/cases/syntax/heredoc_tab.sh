if true; then
	cat <<-E
	indented
		more
	E
fi
