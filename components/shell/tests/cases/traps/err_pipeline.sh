set -o pipefail
trap 'echo err' ERR
false | true
true | false
true | true
