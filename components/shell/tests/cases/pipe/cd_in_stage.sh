cd / | true; [ "$(pwd)" != / ] && echo kept
