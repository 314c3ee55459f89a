FROM debian:forky-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends asterisk asterisk-core-sounds-en-wav \
    && rm -rf /var/lib/apt/lists/*
COPY dialplan/asterisk/ /etc/asterisk/calltrackd/
RUN printf '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n#include manager_secret.conf\n' > /etc/asterisk/manager.conf \
    && echo '#include calltrackd/extensions_calltrackd.conf' >> /etc/asterisk/extensions.conf \
    && chown -R asterisk:asterisk /etc/asterisk
USER asterisk
CMD ["sh", "-c", "sed \"s/CHANGE-ME/$(cat /run/secrets/ami)/\" /etc/asterisk/calltrackd/manager_calltrackd.conf > /etc/asterisk/manager_secret.conf && exec asterisk -f -vvv"]
