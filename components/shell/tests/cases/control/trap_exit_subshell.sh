trap 'echo outer' EXIT; (trap 'echo inner' EXIT; echo s); echo m
