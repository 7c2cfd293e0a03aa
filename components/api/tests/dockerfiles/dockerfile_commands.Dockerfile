FROM sandbar-base
COPY src /app
RUN ls /app
ENV A=1 B="two words"
USER daytona:daytona
