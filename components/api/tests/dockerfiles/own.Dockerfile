# a comment
FROM debian:12 AS final
COPY src/ /app/src/
COPY ./requirements.txt \
     /app/
