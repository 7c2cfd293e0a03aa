HOME=/; cd; pwd; cd /usr/./bin/..; pwd
