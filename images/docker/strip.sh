#!/bin/sh
# Run last while an image is made: no package manager, no program that gains rights, nothing of the making is left.
# The finished image is copied from here into an empty one, so that no layer below holds what is removed.
set -eu
for python in /usr/local/lib/python3.11 /opt/workspace/lib/python3.11 /opt/sde/.venv/lib/python3.11; do
    rm -rf "$python"/ensurepip "$python"/site-packages/pip "$python"/site-packages/pip-* \
        "$python"/site-packages/setuptools* "$python"/site-packages/wheel* "$python"/site-packages/uv "$python"/site-packages/uv-*
done
rm -f /usr/local/bin/pip* /opt/workspace/bin/pip* /opt/sde/.venv/bin/pip* /opt/sde/.venv/bin/uv*
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
rm -rf /usr/bin/apt* /usr/bin/dpkg* /usr/lib/apt /usr/lib/dpkg /usr/share/dpkg /etc/apt /etc/dpkg \
    /var/lib/apt /var/lib/dpkg /var/cache /var/log /root /tmp/* /build
mkdir -p -m 0755 /var/cache /var/log && mkdir -p -m 0700 /root
