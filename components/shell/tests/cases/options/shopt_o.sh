shopt -so errexit 2>/dev/null; shopt -o errexit; set +e
