# A Python workspace: the locked environment, the server's settings, the `sde` client; what a sandbox mounts, as an image.
# Build from the repository's root. PYTHON_IMAGE: Python 3.11 on Debian 12, named by digest.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS making
ARG PIP_INDEX_URL
COPY images/locks/workspace.txt /build/
RUN python -m venv /opt/workspace \
    && /opt/workspace/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r /build/workspace.txt
COPY images/client/sde /opt/workspace/lib/python3.11/site-packages/sde
COPY images/client/ipython_config.py /opt/workspace/etc/ipython/ipython_config.py
COPY images/server /opt/server
COPY images/client/example /opt/example
COPY images/server/etc/passwd images/server/etc/group images/server/etc/nsswitch.conf images/server/etc/gitconfig /etc/
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
# The channel's folder is mounted at /run/channel; the server and the client look where the sandbox has it.
RUN mkdir -p /run/channel /home/shared /home/imports && ln -s /run/channel/hub /run/hub && ln -s /run/channel/guard /run/guard \
    && install -d -o 1000 -g 1000 -m 0700 /home/researcher && chown 1000:1000 /home/shared \
    && install -o 1000 -g 1000 -m 0600 /opt/example/*.ipynb /home/researcher/
# Some packages carry templates that are no Python, at which this complains.
RUN /opt/workspace/bin/python -m compileall -q -j 0 /opt/workspace/lib /opt/server || true
COPY images/docker/strip.sh /build/strip.sh
RUN /build/strip.sh

FROM scratch
COPY --from=making / /
LABEL org.opencontainers.image.title="SDE Gateway workspace, Python" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /home/researcher
USER 1000:1000
CMD ["/opt/workspace/bin/python", "/opt/server/enter.py", "/opt/workspace/bin/python", "/opt/server/serve.py", "--config=/opt/server/jupyter_server_config.py"]
