set -e; trap 'echo t $?' EXIT; false; echo no
