FROM alpine:3.20
ENV PLAIN=a
ENV BLANK='a b'
ENV QUOTE='it'"'"'s'
ENV DOLLAR='$HOME'
ENV EMPTY=''
WORKDIR '/home/daytona/my work'
ENTRYPOINT ["/bin/sh", "-c", "sleep infinity"]
CMD ["a", "b c"]
