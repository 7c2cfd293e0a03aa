cat <<-EOF
	tabbed
		twice
	EOF
echo end
