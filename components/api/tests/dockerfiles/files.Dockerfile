FROM ubuntu:22.04
COPY ["my file.txt", "/home/daytona/my file.txt"]
COPY ["src", "/home/daytona/src"]
