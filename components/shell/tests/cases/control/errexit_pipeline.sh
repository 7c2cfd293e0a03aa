set -e; false | true; echo a; set -o pipefail; false | true; echo no
