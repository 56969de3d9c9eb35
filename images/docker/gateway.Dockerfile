# The gateway: hub, edge, guard, airlock, portal and channel gate. State is a volume; nothing is written here.
# Build from the repository's root. PYTHON_IMAGE: Python 3.11 on Debian 12, named by digest.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS making
ARG PIP_INDEX_URL
COPY images/locks/gateway.txt images/locks/platforms.txt /build/
RUN python -m venv /opt/sde/.venv \
    && /opt/sde/.venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
        -r /build/gateway.txt -r /build/platforms.txt
COPY pyproject.toml README.md LICENSE jupyterhub_config.py /opt/sde/
COPY governance /opt/sde/governance
COPY hub /opt/sde/hub
COPY query_guard /opt/sde/query_guard
COPY egress /opt/sde/egress
COPY intake /opt/sde/intake
COPY images/server /opt/sde/images/server
COPY images/client /opt/sde/images/client
RUN /opt/sde/.venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --no-index --editable /opt/sde
# Some packages carry templates that are no Python, at which this complains.
RUN /opt/sde/.venv/bin/python -m compileall -q -j 0 /opt/sde || true
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/sde
COPY images/docker/strip.sh /build/strip.sh
RUN /build/strip.sh

FROM scratch
COPY --from=making / /
ENV PATH=/opt/sde/.venv/bin:/usr/local/bin:/usr/bin:/bin SDE_STATE=/var/lib/sde LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
LABEL org.opencontainers.image.title="SDE Gateway" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /var/lib/sde
USER 1000:1000
EXPOSE 8000 8443
ENTRYPOINT ["sde"]
CMD ["up"]
