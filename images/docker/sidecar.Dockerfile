# A workspace's sidecar: Python's own library and a few small files, nothing to install.
# Build from the repository's root. PYTHON_IMAGE: Python 3.11 on Debian 12, named by digest.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS making
COPY hub/__init__.py /usr/local/lib/python3.11/site-packages/hub/
COPY hub/sidecar /usr/local/lib/python3.11/site-packages/hub/sidecar
RUN python -m compileall -q /usr/local/lib/python3.11/site-packages/hub
COPY images/docker/strip.sh /build/strip.sh
RUN /build/strip.sh

FROM scratch
COPY --from=making / /
ENV PATH=/usr/local/bin:/usr/bin:/bin
LABEL org.opencontainers.image.title="SDE Gateway sidecar" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /
USER 65532:65532
CMD ["python", "-I", "-m", "hub.sidecar", "--help"]
